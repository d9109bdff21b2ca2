import type { AttentionSums } from "./attention_rows.ts";
import type { ExampleAlikeness } from "./example_alikeness.ts";
import type { FlatRegion } from "../traits/activations.ts";
import type { Sums } from "../engine/native/sums.ts";
import type { Layer } from "../engine/tensorflow.ts";
import { activationRegion } from "./activation_region.ts";
import { mergeSums } from "./sums.ts";
import type { TokenAlikeness } from "./token_alikeness.ts";

/** The four tensors of a layer that a pass looks at. */
export type Figure =
  | "preActivations"
  | "activations"
  | "activationGradients"
  | "preActivationGradients";

/** What a pass has gathered of one layer so far: the mutable twin of `LayerMeasurements`. */
export class LayerRecord {
  preActivations: Sums | null = null;
  activations: Sums | null = null;
  activationGradients: Sums | null = null;
  preActivationGradients: Sums | null = null;
  /** Where the activation is flat; `null` when it nowhere is. */
  readonly region: FlatRegion | null;
  /** Entries of z at which the activation is saturated, and entries of z that are numbers at all. */
  saturatedEntries = 0;
  judgedEntries = 0;
  /** For every unit, 1 once an entry outside of the flat region was seen. */
  activeUnits: Uint8Array | null = null;
  /** Squared deviations of a between the examples, over all calls; NaN once a call had none to tell. */
  deviations = 0;
  calls = 0;
  shape: number[] | null = null;
  shapeVaries = false;
  depth = 0;
  isOutput = false;
  /** Names of the rows whose outputs its calls read. */
  readonly inputs: Set<string> = new Set();
  /** Names of the model's inputs that its calls read. */
  readonly reads: Set<string> = new Set();
  /** How many tensors a call reads at most. */
  operands = 0;
  /** The layers with the last kernels on whose ways to the outputs this one lies. */
  readonly heads: Set<string> = new Set();
  /** For an embedding: the rows that the batch looked up. */
  usedRows: Set<number> | null = null;
  /** Whose statistics a batch normalisation runs on. */
  normalization: "moving" | "batch" | null = null;
  /** Rows that a layer normalisation was fed, and those of them that hardly vary. */
  rows = 0;
  flatRows = 0;
  /** How alike some of the examples are in what it puts out. */
  alikeness: ExampleAlikeness | null = null;
  /** How alike the places of a sequence are in what it puts out. */
  tokenAlikeness: TokenAlikeness | null = null;
  /** How queries spread their attention, as sums over rows. */
  attention: AttentionSums | null = null;
  /** Why a figure stays empty, if that is known beforehand. */
  readonly absent: Partial<Record<Figure, string>> = {};

  /**
   * @param name The row's name.
   * @param layer The layer it belongs to; several rows may share one (the parts of an LSTM).
   * @param className The layer's class name.
   * @param activation Name of the activation between z and a, or `null`.
   * @param region Where that activation is flat, if the name does not tell.
   */
  constructor(
    readonly name: string,
    readonly layer: Layer,
    readonly className: string,
    readonly activation: string | null,
    region?: FlatRegion | null,
  ) {
    this.region = region === undefined ? activationRegion(activation) : region;
  }

  /** Adds the sums of one tensor; one without entries was not there. */
  add(figure: Figure, sums: Sums): void {
    if (sums.count === 0) return;
    this[figure] = mergeSums(this[figure], sums);
  }

  /** Remembers the shape of z (or of a). */
  see(shape: number[]): void {
    if (this.shape === null) this.shape = shape.slice();
    else if (this.shape.join() !== shape.join()) this.shapeVaries = true;
  }
}

/** Rows in the order of the first calls of their layers, each followed by its parts; then those never called. */
export function inCallOrder(
  records: readonly LayerRecord[],
  called: readonly LayerRecord[],
): LayerRecord[] {
  const rows = Map.groupBy(records, ({ layer }) => layer);
  const layers = new Set([...called.map(({ layer }) => layer), ...rows.keys()]);
  return [...layers].flatMap((layer) => rows.get(layer)!);
}
