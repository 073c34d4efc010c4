import { ApiParam } from '@nestjs/swagger';

/** Documents an id in a route's path. @param of what it is the id of */
export const ApiId = (of: string, name = 'id'): MethodDecorator =>
  ApiParam({ name, description: `Id of the ${of}.`, schema: { type: 'string', format: 'uuid' } });

/** Documents a name in a route's path. @param pattern of the name, anchored */
export const ApiName = (
  name: string,
  description: string,
  pattern: RegExp,
  example: string,
): MethodDecorator =>
  ApiParam({ name, description, schema: { type: 'string', pattern: pattern.source, example } });
