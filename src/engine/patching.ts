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

/** Method of an object, and its replacements, the innermost first. */
interface Shadowed {
  own: Method;
  prototype: object;
  layers: { around: (method: Method) => Method; method: Method }[];
}

/** Prototypes between objects and their class that replace a method. */
class Shadows {
  readonly #shadowed = new WeakMap<object, Shadowed>();
  /** Replacement methods, by object. */
  readonly #methods = new WeakMap<object, Method>();
  /** Inserted prototypes, by the prototype of the class. */
  readonly #prototypes = new WeakMap<object, object>();
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  put(target: object, around: (method: Method) => Method): () => void {
    const { own, prototype, layers } = this.#shadowed.get(target) ?? this.#begin(target);
    const layer = { around, method: around(layers.at(-1)?.method ?? own) };
    layers.push(layer);
    this.#methods.set(target, layer.method);
    return () => {
      const at = layers.indexOf(layer);
      if (at < 0) return;
      layers.splice(at, 1);
      // The later ones were made around this one.
      layers.slice(at).forEach((later, i) =>
        later.method = later.around(layers[at + i - 1]?.method ?? own)
      );
      const last = layers.at(-1);
      if (last !== undefined) this.#methods.set(target, last.method);
      else {
        Object.setPrototypeOf(target, prototype);
        this.#methods.delete(target);
        this.#shadowed.delete(target);
      }
    };
  }

  #begin(target: object): Shadowed {
    const prototype = Object.getPrototypeOf(target);
    const own = (target as Record<string, Method>)[this.#name].bind(target);
    const shadowed: Shadowed = { own, prototype, layers: [] };
    this.#shadowed.set(target, shadowed);
    Object.setPrototypeOf(target, this.#before(prototype));
    return shadowed;
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
 * @param target The object. Replacements of the same method can be undone in any order.
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
