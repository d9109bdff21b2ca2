import { InputError, nearest } from "../words/input_error.ts";
import { showValue } from "../words/show_value.ts";
import type { LossOptions } from "./loss_traits.ts";
import { findLoss, LOSSES, type LossName } from "./losses.ts";
import {
  LOSS_ARGUMENTS,
  type LossArgumentKind,
  TORCH_LOSSES,
  torchLossOf,
} from "./torch_losses.ts";

/** Call as Python's users write it: `AdamW(lr=3e-4, betas=(0.9, 0.95))`. */
export interface TorchCall {
  /** Name of the function or class, without its package. */
  name: string;
  /** Arguments in order; those without a name have the key `undefined`. */
  args: { key: string | undefined; value: string; text: string }[];
}

const CALL = /^(?:[A-Za-z_]\w*\.)*(\w+)\s*(?:\((.*)\))?$/s;

/** Argument up to the next comma outside of brackets, which may be nested twice. */
const ARGUMENT = /(?:[^,()[\]]|[([](?:[^()[\]]|[([][^()[\]]*[)\]])*[)\]])+/g;

/**
 * Parses a call, with the names of packages in front of it, or a name alone.
 *
 * @returns The call; `null` if it is none.
 */
export function parseTorchCall(text: string): TorchCall | null {
  const [, name, inner = ""] = CALL.exec(text.trim()) ?? [];
  if (name === undefined) return null;
  const parts = inner.match(ARGUMENT) ?? [];
  // Only commas may remain between the arguments.
  if (inner.replace(ARGUMENT, "").length > parts.length) return null;
  const args = parts.map((part) => part.trim()).filter((part) => part !== "").map((text) => {
    const [, key, value] = /^(\w+)\s*=\s*(.+)$/s.exec(text) ?? [];
    return { key, value: value ?? text, text };
  });
  return { name, args };
}

/** Reads a number of Python; NaN for anything else. */
export function numberOf(text: string): number {
  const plain = text.trim().replaceAll("_", "");
  return plain === "" ? NaN : Number(plain);
}

/** Loss with its options. */
interface RequestedLoss extends LossOptions {
  name: LossName;
}

/** Call of a loss of PyTorch with arguments: `cross_entropy(label_smoothing=0.1)`. */
export type LossCall = `${string}(${string})`;

/**
 * Parses a loss: a name, or a call as PyTorch's users write it.
 *
 * @param text `mse_loss`, or `cross_entropy(label_smoothing=0.1, weight=[1, 2, 5])`.
 * @param place Place of the text, for messages: `--objective`.
 * @throws {InputError} If the loss or an argument is not known.
 */
export function parseLoss(text: string, place: string): RequestedLoss {
  const plain = LOSSES.find((one) => one === text);
  if (plain !== undefined) return { name: plain };
  const { name = text, args = [] } = parseTorchCall(text) ?? {};
  const own = torchLossOf(name);
  if (own === null) {
    const names = Object.keys(TORCH_LOSSES);
    const known = findLoss(name);
    throw new InputError({
      place,
      found: showValue(text),
      expected: `the name of a loss, or a call of one of PyTorch's: ${names.join(", ")}`,
      hint: known === null ? nearest(name, names) : `; did you mean ${showValue(known)}?`,
    });
  }
  const known = LOSS_ARGUMENTS[own];
  const options: LossOptions = {};
  for (const { key = "", value, text } of args) {
    const at = `${key} of ${own}`;
    if (key === "reduction") {
      Object.assign(options, reductionOf(value, at, own));
    } else if (Object.hasOwn(known, key)) {
      const { option, kind } = known[key];
      Object.assign(options, { [option]: read(value, kind, at) });
    } else {
      const all = [...Object.keys(known), "reduction"];
      throw new InputError({
        place: `${own} in ${place}`,
        verb: "has",
        found: showValue(text),
        expected: `arguments by name: ${all.join(", ")}`,
        hint: nearest(key, all),
      });
    }
  }
  return { name: own, ...options };
}

/**
 * Returns a loss of PyTorch by the name that it has here: `nn.CrossEntropyLoss(label_smoothing=0.1)`
 * is `cross_entropy(label_smoothing=0.1)`.
 *
 * @throws {InputError} If the loss or an argument is not known.
 */
export function parseLossCall(text: string, place: string): LossName | LossCall {
  const { name } = parseLoss(text, place);
  const args = parseTorchCall(text)?.args ?? [];
  return args.length === 0 ? name : `${name}(${args.map(({ text }) => text).join(", ")})`;
}

/** True if a text is the call of a known loss with known arguments. */
export function isLossCall(text: string): text is LossCall {
  try {
    return text.includes("(") && parseLossCall(text, "") !== undefined;
  } catch {
    return false;
  }
}

function reductionOf(value: string, place: string, name: string): Pick<LossOptions, "reduction"> {
  const ways = name === "kl_div" ? ["mean", "sum", "batchmean"] : ["mean", "sum"];
  const [, own] = /^(["']?)(\w+)\1$/.exec(value)?.slice(1) ?? [];
  if (own === undefined || !ways.includes(own)) {
    const expected = ways.map((one) => showValue(one)).join(" or ");
    throw new InputError({ place, found: showValue(own ?? value), expected });
  }
  return own === "mean" ? {} : { reduction: own as "sum" | "batchmean" };
}

/** Numbers that an argument of one kind may be, and their description. */
const RANGES: Record<
  Exclude<LossArgumentKind, "numbers" | "flag">,
  { words: string; accepts: (value: number) => boolean }
> = {
  number: { words: "a number of at least 0", accepts: (value) => value >= 0 },
  share: { words: "a number from 0 to 1", accepts: (value) => value >= 0 && value <= 1 },
  class: { words: "a whole number", accepts: Number.isInteger },
  exponent: { words: "1 or 2", accepts: (value) => value === 1 || value === 2 },
};

function read(text: string, kind: LossArgumentKind, place: string): number | number[] | boolean {
  const refuse = (expected: string) => new InputError({ place, found: showValue(text), expected });
  if (kind === "flag") {
    if (text === "True" || text === "False") return text === "True";
    throw refuse("True or False");
  }
  if (kind === "numbers") {
    // A tensor is written as such: torch.tensor([1.0, 2.0]).
    const [, inner] = /^(?:(?:torch\.)?(?:tensor|Tensor)\()?\[([^[\]]*)\](?:[^()[\]]*\))?$/
      .exec(text) ?? [];
    const values = inner?.split(",").map((one) => numberOf(one)) ?? [];
    if (values.length > 0 && values.every((value) => value >= 0)) return values;
    throw refuse("a list of numbers of at least 0, such as [1, 2.5]");
  }
  const value = numberOf(text);
  const { words, accepts } = RANGES[kind];
  if (Number.isFinite(value) && accepts(value)) return value;
  throw refuse(words);
}
