/**
 * Defines a property for a while.
 *
 * @param target The object to change.
 * @param key The property's name.
 * @param descriptor What the property is for the time being.
 * @returns A function that puts back exactly what was there; calling it again does nothing.
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
