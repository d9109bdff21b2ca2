import { formatCount } from "../../ground/words/numbers.ts";
import type { ProgramArchive } from "./open_program.ts";
import type { PlannedLayer } from "./plan_layers.ts";
import { type Program, resultsOf } from "./program.ts";
import { placeOf } from "./program_layer.ts";

/** Largest number of parameters or buffers that a note names. */
const MAX_SHOWN = 5;

/** Notes on a program that was not exported for training. */
export function notesOn(layers: readonly PlannedLayer[]): string[] {
  const isOff = layers.flatMap(({ calls }) => calls).some(({ target, args }) => {
    const flag = /batch_norm/.test(target) ? args.training : args.train;
    return flag?.is === "constant" && flag.value === false;
  });
  return isOff
    ? [
      "The model was exported in eval(): dropout is off and batch normalisation has its moving " +
      "statistics; call model.train() before torch.export.export to have it judged as it trains.",
    ]
    : [];
}

/** Dtypes of half precision, and what their rounding and their limits hide from float32. */
const HALVES: readonly (readonly [type: string, unlike: string])[] = [
  ["bfloat16", "which rounds to 1 part in 256"],
  ["float16", "which rounds to 1 part in 2048 and overflows beyond 65504"],
];

/** Returns a note for each dtype of half precision that the program computes in. */
export function halfNotes({ calls, values }: Program): string[] {
  return HALVES.flatMap(([type, unlike]) => {
    const half = calls.filter((call) =>
      resultsOf(call).some((name) => values.get(name)?.type === type)
    );
    if (half.length === 0) return [];
    return [
      `The program computes in ${type}, ${unlike}: ${formatCount(half.length, "operation")} from ${
        placeOf(half[0])
      } on. Here all is float32, so that figures may differ from PyTorch's.`,
    ];
  });
}

/** Returns a note on functions whose own backward passes are not in the file. */
export function functionNotes(names: readonly string[]): string[] {
  if (names.length === 0) return [];
  return [
    `An exported program has no backward pass of an autograd.Function: the gradients of ${
      namesShown(names)
    } are those of its forward pass, and may differ from PyTorch's in training.`,
  ];
}

/** Returns a note that names the parameters which the output does not depend on. */
export function unusedNotes(
  { program, tensors }: ProgramArchive,
  layers: readonly PlannedLayer[],
): string[] {
  const placeOfWeight = (value: string) => tensors.get(program.held.get(value)!.name)?.place;
  const read = new Set(layers.flatMap(({ held }) => held).map(placeOfWeight));
  const unused = [...program.held]
    .filter(([value, { kind }]) => kind === "parameter" && !read.has(placeOfWeight(value)))
    .map(([, { name }]) => name);
  if (unused.length === 0) return [];
  return [
    `${formatCount(unused.length, "parameter")} ${
      unused.length === 1 ? "takes" : "take"
    } no part in the output that is judged: ${namesShown(unused)}.`,
  ];
}

export function namesShown(names: readonly string[]): string {
  const shown = names.slice(0, MAX_SHOWN).join(", ");
  const rest = names.length - MAX_SHOWN;
  return rest > 0 ? `${shown} and ${rest} more` : shown;
}
