import type { Budget } from "../files/budget.ts";

/** Values of a pickle. A tuple is an array, and so is a set. */
export type Pickled =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Pickled[]
  | Map<Pickled, Pickled>
  | PickledObject;

/**
 * Object that the caller makes for a global, a call, or a persistent id: data that this module only
 * carries.
 */
export interface PickledObject {
  /** Kind of object, defined by the caller. */
  readonly is: string;
}

/** Estimated bytes of values in V8's heap, from measurements of a million of each. */
export const COST = {
  /** Bytes of a value on the stack or in a list, numbers included. */
  value: 16,
  /** Bytes of a list or tuple. */
  list: 48,
  /** Bytes of a dictionary. */
  dictionary: 260,
  /** Bytes of an entry of a dictionary or of the memo. */
  entry: 48,
  /** Bytes of an object that the resolver makes. */
  object: 160,
} as const;

/** Globals and objects that the caller knows, so that a pickle can request nothing else. */
export interface Resolver {
  /**
   * Returns the object for a global; throws if it is unknown. Nothing is ever looked up by that
   * name.
   */
  global(module: string, name: string): PickledObject;
  /** Returns the result for a call of a global; a table look-up and not a call. */
  call(callee: PickledObject, args: Pickled[], budget: Budget): Pickled;
  /**
   * Returns the object of a class that the pickle makes without calling it; throws if the class is
   * unknown.
   */
  make(callee: PickledObject, args: Pickled[]): Pickled;
  /** Sets the attributes of an object; throws if it can have none. */
  setState(object: Pickled, state: Pickled): void;
  /** Returns the object for a persistent id: a storage. */
  persistent(id: Pickled): PickledObject;
}

/** Returns true if the caller made a value. */
export const isObject = (value: Pickled): value is PickledObject =>
  typeof value === "object" && value !== null && "is" in value;
