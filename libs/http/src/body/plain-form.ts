/** Says of a body whether it is the plain form of a request class. */
export type IsPlainForm = (body: unknown) => boolean;

const forms = new WeakMap<object, IsPlainForm>();

/**
 * Class of a body that routes take often: what `isPlain` recognises needs no further check and is handed
 * on as it is. It may refuse more than the declared rules, and must never take more (see `plainBody`).
 */
export const PlainForm =
  (isPlain: IsPlainForm): ClassDecorator =>
  (type) =>
    void forms.set(type, isPlain);

/** Whether the body is known to keep every rule of the class. */
export function isPlainForm(type: object | undefined, body: unknown): boolean {
  return type !== undefined && forms.get(type)?.(body) === true;
}
