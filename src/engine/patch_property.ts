/**
 * Replaces a property temporarily.
 *
 * @param target The object to change.
 * @param key The property's name.
 * @param descriptor Temporary descriptor of the property.
 * @returns A function that restores the original property exactly; calling it again does nothing.
 */
export function patchProperty(
  target: object,
  key: PropertyKey,
  descriptor: PropertyDescriptor,
): () => void {
  const before = Object.getOwnPropertyDescriptor(target, key);
  Object.defineProperty(target, key, { ...descriptor, configurable: true });
  let patched = true;
  return () => {
    if (!patched) return;
    patched = false;
    if (before === undefined) Reflect.deleteProperty(target, key);
    else Object.defineProperty(target, key, before);
  };
}
