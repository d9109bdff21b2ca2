import type { Pickled, PickledObject } from "./pickled.ts";

/**
 * Classes of values that are often kept beside weights in a checkpoint: arguments of the program,
 * NumPy scalars, paths, times. They hold only data and do nothing when they are constructed. A
 * pickle may name them; their objects are carried along as opaque ones, and nothing is constructed,
 * imported or run.
 */
const INERT: Readonly<Record<string, readonly string[]>> = {
  _codecs: ["encode"],
  argparse: ["Namespace"],
  types: ["SimpleNamespace"],
  collections: ["Counter", "deque"],
  datetime: ["datetime", "date", "timedelta", "timezone"],
  builtins: ["complex", "frozenset", "range", "xrange", "slice", "bytearray"],
  pathlib: ["Path", "PosixPath", "PurePosixPath", "PureWindowsPath", "WindowsPath"],
  numpy: ["dtype", "ndarray", "float32", "float64", "int32", "int64", "bool_"],
  "numpy.core.multiarray": ["scalar", "_reconstruct"],
  "torch.torch_version": ["TorchVersion"],
  "pytorch_lightning.utilities.parsing": ["AttributeDict"],
  "lightning.pytorch.utilities.parsing": ["AttributeDict"],
  "lightning_fabric.utilities.data": ["AttributeDict"],
  "lightning.fabric.utilities.data": ["AttributeDict"],
};

/** Modules by other names: Python 2's builtins, NumPy 2's core, pathlib of Python 3.13. */
const ALIASES: Readonly<Record<string, string>> = {
  __builtin__: "builtins",
  "numpy._core.multiarray": "numpy.core.multiarray",
  "pathlib._local": "pathlib",
};

/** Object of a class that holds only data, or the name of such a class. */
export interface InertObject extends PickledObject {
  readonly is: "inert";
  /** Full name of the class: `argparse.Namespace`. */
  path: string;
  /** Arguments of its constructor, and its attributes. */
  parts: Pickled[];
}

/** Returns the class of a name if it holds only data. */
export function inertClass(module: string, name: string): InertObject | null {
  const own = Object.hasOwn(ALIASES, module) ? ALIASES[module] : module;
  if (!Object.hasOwn(INERT, own) || !INERT[own].includes(name)) return null;
  return { is: "inert", path: `${own}.${name}`, parts: [] };
}

/**
 * Makes the object of such a class, which is a dictionary or a list if the pickle may add to it.
 */
export function makeInert(of: InertObject, args: Pickled[]): Pickled {
  if (of.path.endsWith(".AttributeDict")) return new Map();
  if (of.path === "collections.deque") return [];
  // Not a copy: many objects may share one list, and memory is bounded by the file.
  return { ...of, parts: [args] } as InertObject;
}

/** Returns true if a value is such an object. */
export const isInert = (value: PickledObject): value is InertObject => value.is === "inert";
