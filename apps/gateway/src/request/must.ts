import { registerDecorator } from 'class-validator';

/**
 * A rule of ours for one property. @param code what the caller branches on, such as `invalid_address`
 * @param detail what the value must be, in words that follow the field's name
 */
export function Must(
  code: string,
  holds: (value: unknown) => boolean,
  detail: string,
): PropertyDecorator {
  return (target, propertyName) =>
    registerDecorator({
      name: code,
      target: target.constructor,
      propertyName: String(propertyName),
      validator: { validate: holds, defaultMessage: () => detail },
    });
}
