import type { Expected } from "../checks/expected.ts";
import type { Finding, Verdict } from "../checks/finding.ts";
import type { FindingFigure, Sentence, Slot } from "../checks/sentence.ts";
import {
  boolean,
  byKey,
  count,
  list,
  nullable,
  number,
  object,
  oneOf,
  optional,
  record,
  type Shape,
  string,
  textOr,
} from "./shape.ts";

/** Shape of an expectation. */
export const expectedShape = object<Expected>({
  text: string,
  operator: optional(oneOf(">=", "<=", ">", "<", "==", "between")),
  bounds: optional(list(number)),
  unit: optional(string),
  of: optional(string),
});

const as = optional(oneOf("exact", "percent", "factor"));

/** Shape of the figures behind a finding. */
export const figuresShape = record(object<FindingFigure>({ value: number, unit: string, as }));

type SlotWith<Key extends string> = Extract<Slot, Record<Key, unknown>>;

const slot = byKey({
  // A weight also has the name of its layer.
  weight: object<SlotWith<"weight">>({ weight: string, layer: string }),
  layer: object<SlotWith<"layer">>({ layer: string }),
  layers: object<SlotWith<"layers">>({ layers: list(string), run: boolean }),
  value: object<SlotWith<"value">>({ value: number, unit: optional(string), as }),
  count: object<SlotWith<"count">>({ count, noun: string }),
  word: object<SlotWith<"word">>({ word: string }),
});

/** Shape of a sentence: texts and the slots between them. */
export const sentenceShape: Shape<Sentence> = list(textOr(slot));

/** Keys of a finding in the order of writing. */
export const findingKeys = {
  rule: string,
  severity: oneOf("error", "warning", "note"),
  kind: optional(string),
  layer: nullable(string),
  tensor: optional(string),
  layers: optional(list(string)),
  measured: nullable(number),
  expected: expectedShape,
  unjudged: optional(boolean),
  threshold: optional(string),
  figures: optional(figuresShape),
  message: string,
  advice: string,
  said: optional(
    object<NonNullable<Finding["said"]>>({ message: sentenceShape, advice: sentenceShape }),
  ),
};

const said = textOr(sentenceShape, "a text, or what say`...` makes");
const { rule: _rule, said: _said, ...shared } = findingKeys;

/** Shape of the result of a rule's judge. */
export const verdictShape = object<Verdict>({
  ...shared,
  expected: textOr(
    expectedShape,
    'a text, or a comparison such as { text: "> 0", operator: ">", bounds: [0] }',
  ),
  message: said,
  advice: said,
});
