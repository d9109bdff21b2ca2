import type { Budget } from "../files/budget.ts";

/** What a pickle may hold here. A tuple is an array too, and a set as well. */
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

/** What the caller makes of a global, of a call, or of a persistent id: data that this module only carries. */
export interface PickledObject {
  /** What it is; the caller's word. */
  readonly is: string;
}

/** Estimated bytes that values take in V8's heap, as measured of a million of each. */
export const COST = {
  /** A value on the stack or in a list, numbers included. */
  value: 16,
  /** A list or tuple. */
  list: 48,
  /** A dictionary. */
  dictionary: 260,
  /** An entry of a dictionary or of the memo. */
  entry: 48,
  /** An object that the resolver makes. */
  object: 160,
} as const;

/** What the caller knows, so that a pickle can ask for nothing else. */
export interface Resolver {
  /** What a global stands for; throws where it is not known. Nothing is ever looked up by that name. */
  global(module: string, name: string): PickledObject;
  /** What a call of a global gives; it is a table look-up and not a call. */
  call(callee: PickledObject, args: Pickled[], budget: Budget): Pickled;
  /** What a class gives whose object the pickle makes without a call of it; throws where that is not known. */
  make(callee: PickledObject, args: Pickled[]): Pickled;
  /** Takes the attributes of an object; throws where it can have none. */
  setState(object: Pickled, state: Pickled): void;
  /** What a persistent id stands for: a storage. */
  persistent(id: Pickled): PickledObject;
}

/** Whether a value is the caller's. */
export const isObject = (value: Pickled): value is PickledObject =>
  typeof value === "object" && value !== null && "is" in value;
