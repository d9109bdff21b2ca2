import { patchProperty } from "./patch_property.ts";

// deno-lint-ignore no-explicit-any -- methods have as many signatures as there are objects
type Method = (...args: any[]) => any;

/** What stands between objects and their class for the methods of one name. */
class Shadows {
  /** What an object does in place of the method of its class. */
  readonly #methods = new WeakMap<object, Method>();
  /** By the prototypes of classes, the ones that stand before them. */
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

  /** The prototype that stands before that of a class: the same one each time, so that V8 knows it. */
  #before(prototype: Record<string, Method>): object {
    const known = this.#prototypes.get(prototype);
    if (known !== undefined) return known;
    const [name, methods] = [this.#name, this.#methods];
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
 * Puts another method before the one that an object has of its class, or of its own, for a while. The object gets a
 * prototype that stands before its class's rather than a property: V8 makes a slow dictionary of an object that a
 * property is taken from, and whatever runs the model afterwards pays for it.
 *
 * @param target The object, which may have been given such methods before: they are taken back in the reverse order.
 * @param name The method's name.
 * @param around Makes the method from the one that was there, which is bound to the object.
 * @returns A function that puts back exactly what was there.
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
