import type { Pickled, PickledObject } from "./pickled.ts";

/**
 * What people keep beside weights in a checkpoint, and what it is made of: arguments of the program, NumPy scalars, paths,
 * times. Their classes hold data and do nothing when they are made. A pickle may name them; what it makes of them is
 * carried along as one opaque object, and nothing is made, imported or run.
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

/** An object that a pickle made of a class with nothing but data, or the name of such a class. */
export interface InertObject extends PickledObject {
  readonly is: "inert";
  /** `argparse.Namespace`. */
  path: string;
  /** What it was made of, and its attributes. */
  parts: Pickled[];
}

/** The class of a name, if it is one that holds data alone. */
export function inertClass(module: string, name: string): InertObject | null {
  const own = Object.hasOwn(ALIASES, module) ? ALIASES[module] : module;
  if (!Object.hasOwn(INERT, own) || !INERT[own].includes(name)) return null;
  return { is: "inert", path: `${own}.${name}`, parts: [] };
}

/** What a pickle makes of such a class: a dictionary or a list if it is one, to which it may add. */
export function makeInert(of: InertObject, args: Pickled[]): Pickled {
  if (of.path.endsWith(".AttributeDict")) return new Map();
  if (of.path === "collections.deque") return [];
  // Not a copy: many objects may be made of one list, and memory is bounded by the file.
  return { ...of, parts: [args] } as InertObject;
}

/** Whether a value is such an object. */
export const isInert = (value: PickledObject): value is InertObject => value.is === "inert";
