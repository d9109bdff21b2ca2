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

/** What the caller knows, so that a pickle can ask for nothing else. */
export interface Resolver {
  /** What a global stands for; throws where it is not known. Nothing is ever looked up by that name. */
  global(module: string, name: string): PickledObject;
  /** What a call of a global gives; it is a table look-up and not a call. */
  call(callee: PickledObject, args: Pickled[]): Pickled;
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
