import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';

type Options = Exclude<ApiPropertyOptions, undefined>;

/** Properties as they recur in our documents. Each takes what is particular about it. */
export const Kind = (name: string) => ApiProperty({ type: String, enum: [name] });
export const Text = (options: Options = {}) => ApiProperty({ type: String, ...options } as Options);
export const Count = (options: Options = {}) =>
  ApiProperty({ type: 'integer', minimum: 0, ...options } as Options);
export const Flag = (options: Options = {}) =>
  ApiProperty({ type: Boolean, ...options } as Options);
export const Id = (options: Options = {}) => Text({ format: 'uuid', ...options } as Options);
/** RFC 3339, UTC. */
export const Time = (options: Options = {}) => Text({ format: 'date-time', ...options } as Options);
export const OneOf = (words: readonly string[], options: Options = {}) =>
  ApiProperty({ type: String, enum: [...words], ...options } as Options);
export const ListOf = (type: () => NewableFunction, options: Options = {}) =>
  ApiProperty({ type: () => type(), isArray: true, ...options } as Options);

export const nullable = { nullable: true } as const;
