import { ModelError } from "../core/model/model_error.ts";
import { refusal } from "../ground/words/input_error.ts";
import { showValue } from "../ground/words/show_value.ts";
import { isInert, isObject, type Pickled } from "./pickle_reader.ts";
import { isTensor, type TorchView } from "./torch_globals.ts";

/** Keys under which checkpoints keep their weights, most usual first. */
const USUAL = [
  "state_dict",
  "model_state_dict",
  "model",
  "net",
  "network",
  "module",
  "params",
  "weights",
];

/** Dictionary. The weights of a checkpoint are in one of its values, or one level deeper. */
type Dictionary = Map<Pickled, Pickled>;

/**
 * Returns the tensors by name: those of the dictionary itself, or of the one in it that holds the
 * weights of a checkpoint.
 *
 * @param value Content of the file.
 * @throws {ModelError} If the number of state dicts is not one.
 */
export function findStateDict(
  value: Pickled,
): { entries: [string, TorchView][]; notes: string[] } {
  if (!(value instanceof Map)) {
    throw new ModelError({
      place: "The file",
      verb: "holds",
      found: isTensor(value) ? "one tensor" : nameOf(value),
      expected: "a state dict",
      hint: ": torch.save(model.state_dict(), path) writes one",
    });
  }
  // One dictionary may have many names: each is only searched once.
  const seen = new Map<Dictionary, boolean>();
  const holdsTensor = (dictionary: Dictionary) => {
    const known = seen.get(dictionary) ?? tensorsIn(dictionary).length > 0;
    seen.set(dictionary, known);
    return known;
  };
  const inner = [...value].filter((entry): entry is [string, Dictionary] =>
    typeof entry[0] === "string" && entry[1] instanceof Map && holdsTensor(entry[1])
  );
  const deeper = USUAL.map((name) => value.get(name)).find((one): one is Dictionary =>
    one instanceof Map && [...one.values()].some((it) => it instanceof Map && holdsTensor(it))
  );
  const own = tensorsIn(value);
  if (inner.length + own.length === 0 && deeper !== undefined) return findStateDict(deeper);
  const usual = USUAL.find((name) => inner.some(([other]) => other === name));
  // A checkpoint may also hold other tensors, such as the state of a random generator.
  if (usual === undefined && own.length > 0) return { entries: own, notes: [] };
  const key = usual ?? (inner.length === 1 ? inner[0][0] : undefined);
  if (key === undefined) {
    const found = inner.length === 0
      ? nothingIn(value)
      : `several state dicts: ${inner.slice(0, 6).map(([name]) => showValue(name)).join(", ")}${
        inner.length > 6 ? " ..." : ""
      }`;
    throw new ModelError(refusal`The file holds ${found}, expected one state dict`);
  }
  const others = [...value.keys()].filter((other) => other !== key)
    .map((other) => showValue(typeof other === "string" ? other : nameOf(other)));
  const rest = others.length === 0
    ? ""
    : `; ${others.slice(0, 6).join(", ")}${others.length > 6 ? " ..." : ""} left out`;
  return {
    entries: tensorsIn(inner.find(([name]) => name === key)![1]),
    notes: [`A checkpoint: the weights are those of ${showValue(key)}${rest}.`],
  };
}

/** Describes a dictionary without tensors. */
function nothingIn(value: Dictionary): string {
  if (value.has("state") && value.has("param_groups")) return "the state of an optimizer alone";
  const names = [...value.keys()].slice(0, 4).map(showValue);
  const more = value.size > names.length ? " ..." : "";
  return `no tensors by name${names.length === 0 ? "" : ` in ${names.join(", ")}${more}`}`;
}

/** End of the key under which PyTorch keeps the kernel and the bias of a quantised Linear. */
const PACKED = /_packed_params\._packed_params$/;

function tensorsIn(dictionary: Dictionary): [string, TorchView][] {
  return [...dictionary].flatMap(([name, value]): [string, TorchView][] => {
    if (typeof name !== "string") return [];
    if (isTensor(value)) return [[name, value]];
    if (!PACKED.test(name) || !Array.isArray(value)) return [];
    return ["weight", "bias"].flatMap((own, i): [string, TorchView][] => {
      const part = value[i];
      return isTensor(part) ? [[name.replace(PACKED, own), part]] : [];
    });
  });
}

function nameOf(value: Pickled): string {
  if (value instanceof Uint8Array) return "bytes";
  if (!isObject(value)) return showValue(value);
  return isInert(value) ? `an object of ${value.path}` : `a ${value.is}`;
}

/**
 * Shows every tensor, including those of an optimizer: each value once, however often it is
 * referenced.
 */
export function showTensors(value: Pickled, onTensor: (view: TorchView) => void): void {
  const seen = new Set<Pickled>([value]);
  for (const one of seen) {
    if (isTensor(one)) onTensor(one);
    else if (Array.isArray(one)) { for (const item of one) seen.add(item); }
    else if (one instanceof Map) { for (const item of one.values()) seen.add(item); }
    else if (isObject(one) && isInert(one)) { for (const part of one.parts) seen.add(part); }
  }
}
