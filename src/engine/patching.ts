/**
 * Replaces a property temporarily.
 *
 * @param key The property's name.
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

// deno-lint-ignore no-explicit-any -- signatures differ between objects
type Method = (...args: any[]) => any;

/** Prototypes between objects and their class that replace a method. */
class Shadows {
  /** Replacement methods, by object. */
  readonly #methods = new WeakMap<object, Method>();
  /** Inserted prototypes, by the prototype of the class. */
  readonly #prototypes = new WeakMap<object, object>();
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  put(target: object, around: (method: Method) => Method): () => void {
    const before = this.#methods.get(target);
    const method = before ?? (target as Record<string, Method>)[this.#name].bind(target);
    this.#methods.set(target, around(method));
    if (before !== undefined) return () => this.#methods.set(target, before);
    const prototype = Object.getPrototypeOf(target);
    Object.setPrototypeOf(target, this.#before(prototype));
    return () => {
      Object.setPrototypeOf(target, prototype);
      this.#methods.delete(target);
    };
  }

  /**
   * Returns the prototype to insert before that of a class, always the same one, so that V8
   * recognises it.
   */
  #before(prototype: Record<string, Method>): object {
    const known = this.#prototypes.get(prototype);
    if (known !== undefined) return known;
    const name = this.#name;
    const methods = this.#methods;
    const made = Object.create(prototype, {
      [name]: {
        value(this: object, ...args: unknown[]) {
          return (methods.get(this) ?? prototype[name]).apply(this, args);
        },
      },
    });
    this.#prototypes.set(prototype, made);
    return made;
  }
}

const shadows = new Map<string, Shadows>();

/**
 * Replaces a method of an object temporarily, its class's or its own. Inserts a prototype before
 * the class's instead of setting a property: V8 turns an object whose property is deleted into a
 * slow dictionary, which slows down later runs of the model.
 *
 * @param target The object. Replacements of the same object must be undone in reverse order.
 * @param around Makes the method from the previous one, which is bound to the object.
 * @returns A function that restores the previous method exactly.
 */
export function shadowMethod(
  target: object,
  name: string,
  around: (method: Method) => Method,
): () => void {
  if (Object.hasOwn(target, name)) {
    const method = (target as Record<string, Method>)[name].bind(target);
    return patchProperty(target, name, { value: around(method), writable: true, enumerable: true });
  }
  const known = shadows.get(name) ?? new Shadows(name);
  shadows.set(name, known);
  return known.put(target, around);
}
