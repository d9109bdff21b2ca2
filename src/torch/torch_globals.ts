import type { Budget } from "../files/byte_source.ts";
import { isCount } from "../files/file_types.ts";
import { ModelError } from "../core/model/model_error.ts";
import type { FileType } from "../ground/traits/number_types.ts";
import { showValue } from "../ground/words/show_value.ts";
import {
  broken,
  COST,
  inertClass,
  isInert,
  isObject,
  makeInert,
  type Pickled,
  type PickledObject,
  type Resolver,
} from "./pickle_reader.ts";
import { refusal } from "../ground/words/input_error.ts";

/** Entries that tensors of a file share. */
interface Storage extends PickledObject {
  readonly is: "storage";
  /** Type of the entries; `null` for bytes whose type each tensor defines. */
  type: FileType | null;
  /** Name in the file. */
  key: string;
  /** Number of entries, or of bytes. */
  count: number;
}

/** Tensor: a view of a storage. */
export interface TorchView extends PickledObject {
  readonly is: "tensor";
  storage: Storage;
  type: FileType;
  /** Index of the first entry. */
  offset: number;
  shape: number[];
  strides: number[];
}

/** Name that a pickle may call or pass on. */
interface Global extends PickledObject {
  readonly is: "global";
  path: string;
}

/** Type of entries, or an object that is carried along and never read. */
interface TypeObject extends PickledObject {
  readonly is: "type";
  type: FileType;
}

const STORAGES: Readonly<Record<string, FileType | null>> = {
  DoubleStorage: "float64",
  FloatStorage: "float32",
  HalfStorage: "float16",
  BFloat16Storage: "bfloat16",
  LongStorage: "int64",
  IntStorage: "int32",
  ShortStorage: "int16",
  CharStorage: "int8",
  ByteStorage: "uint8",
  BoolStorage: "bool",
  ComplexFloatStorage: "complex64",
  ComplexDoubleStorage: "complex128",
  QInt8Storage: "int8",
  QUInt8Storage: "uint8",
  QInt32Storage: "int32",
  UntypedStorage: null,
};

const DTYPES: Readonly<Record<string, FileType>> = {
  float64: "float64",
  double: "float64",
  float32: "float32",
  float: "float32",
  float16: "float16",
  half: "float16",
  bfloat16: "bfloat16",
  int64: "int64",
  long: "int64",
  int32: "int32",
  int: "int32",
  int16: "int16",
  short: "int16",
  int8: "int8",
  uint8: "uint8",
  uint16: "uint16",
  uint32: "uint32",
  uint64: "uint64",
  bool: "bool",
  float8_e4m3fn: "float8_e4m3",
  float8_e5m2: "float8_e5m2",
  float8_e4m3fnuz: "float8_e4m3fnuz",
  float8_e5m2fnuz: "float8_e5m2fnuz",
  float8_e8m0fnu: "float8",
  complex64: "complex64",
  complex128: "complex128",
  qint8: "int8",
  quint8: "uint8",
  qint32: "int32",
};

/** Schemes of quantised tensors, whose codes are read as whole numbers. */
const SCHEMES = /^torch\.per_(tensor|channel)_(affine|symmetric|affine_float_qparams)$/;

/** Largest number of axes of a tensor in PyTorch. */
const MAX_AXES = 64;

/** Names that may be called; each call is a look-up in the function below. */
const CALLED = [
  "collections.OrderedDict",
  "collections.defaultdict",
  "builtins.set",
  "__builtin__.set",
  "builtins.dict",
  "__builtin__.dict",
  "torch.Size",
  "torch.device",
  "torch._utils._rebuild_tensor",
  "torch._utils._rebuild_tensor_v2",
  "torch._utils._rebuild_tensor_v3",
  "torch._utils._rebuild_qtensor",
  "torch._utils._rebuild_parameter",
];

/** Resolver for the names that `torch.save` writes for weights, and no others. */
export const TORCH: Resolver = {
  global(module, name): PickledObject {
    const path = `${module}.${name}`;
    const isTorch = module === "torch" || module === "torch.storage";
    if (isTorch && Object.hasOwn(STORAGES, name) || CALLED.includes(path) || SCHEMES.test(path)) {
      return { is: "global", path } as Global;
    }
    if (module === "torch" && Object.hasOwn(DTYPES, name)) {
      return { is: "type", type: DTYPES[name] } as TypeObject;
    }
    const inert = inertClass(module, name);
    if (inert !== null) return inert;
    throw new ModelError({
      place: "The pickle",
      verb: "asks for",
      found: `${showValue(path)}, which is code and is not run here`,
      expected: "only tensors",
      hint: ": save the weights with torch.save(model.state_dict(), path)",
    });
  },
  call(callee, args, budget): Pickled {
    if (isInert(callee)) return makeInert(callee, args);
    const { path } = callee as Global;
    switch (path) {
      case "collections.OrderedDict":
      case "builtins.dict":
      case "__builtin__.dict":
        return dictionaryOf(args, budget);
      case "collections.defaultdict":
        return new Map();
      case "builtins.set":
      case "__builtin__.set":
      case "torch.Size":
        return Array.isArray(args[0]) ? args[0] : [];
      case "torch.device":
        return typeof args[0] === "string" ? args[0] : null;
      case "torch._utils._rebuild_tensor":
      case "torch._utils._rebuild_tensor_v2":
      case "torch._utils._rebuild_tensor_v3":
      case "torch._utils._rebuild_qtensor":
        return rebuild(args, path, budget);
      case "torch._utils._rebuild_parameter":
        if (isTensor(args[0])) return args[0];
        throw new ModelError(refusal`A parameter of the pickle holds no tensor, expected one`);
      default:
        throw new ModelError(
          refusal`The pickle calls ${showValue(path ?? callee.is)}, expected a function`,
        );
    }
  },
  make(callee, args): Pickled {
    if (isInert(callee)) return makeInert(callee, args);
    const { path } = callee as Global;
    throw new ModelError({
      place: "The pickle",
      verb: "makes",
      found: `an object of ${showValue(path ?? callee.is)} without calling it`,
      expected: "what torch.save writes",
    });
  },
  setState(object, state): void {
    // The attributes of an OrderedDict: its `_metadata`, versions of modules.
    if (object instanceof Map) return;
    if (!isObject(object) || !isInert(object)) throw broken("attributes of what has none");
    object.parts.push(state);
  },
  persistent(id): PickledObject {
    const [what, kind, key, , count, view = null] = Array.isArray(id) ? id : [];
    const { path = "" } = (isObject(kind ?? null) ? kind : {}) as Partial<Global>;
    const name = path.slice(path.lastIndexOf(".") + 1);
    if (what !== "storage" || !Object.hasOwn(STORAGES, name) || typeof key !== "string") {
      throw new ModelError(refusal`A persistent id of the pickle is not a storage, expected one`);
    }
    if (view !== null) {
      throw new ModelError(
        refusal`Storage ${showValue(key)} is a view of another one, expected its own data`,
      );
    }
    if (!isCount(count)) {
      throw new ModelError(
        refusal`Storage ${showValue(key)} has ${showValue(count)} entries, expected a count`,
      );
    }
    return { is: "storage", type: STORAGES[name], key, count } as Storage;
  },
};

export const isTensor = (value: Pickled | undefined): value is TorchView =>
  value !== undefined && isObject(value) && value.is === "tensor";

function dictionaryOf([pairs]: Pickled[], budget: Budget): Map<Pickled, Pickled> {
  budget.spend(COST.dictionary);
  if (!Array.isArray(pairs)) return new Map();
  // Many dictionaries may be made from one list.
  budget.spend(2 * COST.entry * pairs.length);
  return new Map(pairs.map((pair) => {
    if (!Array.isArray(pair)) {
      throw new ModelError(
        refusal`A dictionary of the pickle has a key without a value, expected pairs`,
      );
    }
    return [pair[0], pair[1]];
  }));
}

function rebuild(
  [storage, offset, shape, strides, ...rest]: Pickled[],
  path: string,
  budget: Budget,
): TorchView {
  if (!isObject(storage ?? null) || (storage as PickledObject).is !== "storage") {
    throw new ModelError(refusal`A tensor of the pickle has no storage, expected one`);
  }
  const own = storage as Storage;
  const place = `A tensor in storage ${showValue(own.key)}`;
  const dtype = path.endsWith("_v3") ? rest[2] : null;
  const type = dtype !== null && isObject(dtype) && dtype.is === "type"
    ? (dtype as TypeObject).type
    : own.type;
  if (type === null) throw new ModelError(refusal`${place} has no type, expected one`);
  if (Array.isArray(shape) && shape.length > MAX_AXES) {
    throw new ModelError(refusal`${place} has ${shape.length} axes, expected at most ${MAX_AXES}`);
  }
  const isList = (value: Pickled | undefined): value is number[] =>
    Array.isArray(value) && value.every(isCount);
  if (
    !isList(shape) || !isList(strides) || shape.length !== strides.length || !isCount(offset)
  ) {
    throw new ModelError(
      refusal`${place} has no shape with a stride for each axis, expected whole numbers`,
    );
  }
  // Many tensors may have one shape.
  budget.spend(2 * COST.list + COST.value * shape.length);
  return {
    is: "tensor",
    storage: own,
    type,
    offset,
    shape: [...shape],
    strides: [...strides],
  };
}
