import type { AttentionSums } from "./attention_rows.ts";
import type { ExampleAlikeness, TokenAlikeness } from "../../ground/theory/row_alikeness.ts";
import type { FlatRegion } from "../../ground/traits/activations.ts";
import type { Sums } from "../../engine/native/sums.ts";
import type { Layer } from "../../engine/tensorflow.ts";
import { activationRegion } from "./activation_region.ts";
import { mergeSums } from "./sums.ts";

/** Tensors of a layer that a pass measures. */
export type Figure =
  | "preActivations"
  | "activations"
  | "activationGradients"
  | "preActivationGradients";

/** Figures of one layer so far: the mutable twin of `LayerMeasurements`. */
export class LayerRecord {
  preActivations: Sums | null = null;
  activations: Sums | null = null;
  activationGradients: Sums | null = null;
  preActivationGradients: Sums | null = null;
  /** Flat region of the activation; `null` if there is none. */
  readonly region: FlatRegion | null;
  /** Entries of z at which the activation is saturated, and entries of z other than NaN. */
  saturatedEntries = 0;
  judgedEntries = 0;
  /** Per unit, 1 once an entry outside of the flat region was seen. */
  activeUnits: Uint8Array | null = null;
  /**
   * Squared deviations of a between the examples, over all calls; NaN if a call had no examples to
   * compare.
   */
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
  /** Largest number of tensors that a call reads. */
  operands = 0;
  /** Names of the last layers with a kernel whose paths to the outputs include this layer. */
  readonly heads: Set<string> = new Set();
  /** Rows of an embedding that the batch looked up. */
  usedRows: Set<number> | null = null;
  /** Source of the statistics that a batch normalisation runs on. */
  normalization: "moving" | "batch" | null = null;
  /** Rows that a layer normalisation read, and those of them that hardly vary. */
  rows = 0;
  flatRows = 0;
  /** Similarity of some examples in its output. */
  alikeness: ExampleAlikeness | null = null;
  /** Similarity of the places of a sequence in its output. */
  tokenAlikeness: TokenAlikeness | null = null;
  /** Spread of the queries' attention, as sums over rows. */
  attention: AttentionSums | null = null;
  /** Reasons why figures stay empty, if known beforehand. */
  readonly absent: Partial<Record<Figure, string>> = {};

  /** Class name of the layer. */
  readonly className: string;
  /** Name of the activation between z and a, or `null`. */
  readonly activation: string | null;

  /**
   * @param name The row's name.
   * @param layer Layer it belongs to; several rows may share one (the parts of an LSTM).
   * @param traits `region`: flat region of the activation, if its name does not tell.
   */
  constructor(
    readonly name: string,
    readonly layer: Layer,
    { className, activation, region }: {
      className: string;
      activation: string | null;
      region?: FlatRegion | null;
    },
  ) {
    this.className = className;
    this.activation = activation;
    this.region = region === undefined ? activationRegion(activation) : region;
  }

  /** Adds the sums of one tensor; ignores one without entries. */
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

/**
 * Sorts rows in the order of the first calls of their layers, each followed by its parts; then
 * those never called.
 */
export function inCallOrder(
  records: readonly LayerRecord[],
  called: readonly LayerRecord[],
): LayerRecord[] {
  const rows = Map.groupBy(records, ({ layer }) => layer);
  const layers = new Set([...called.map(({ layer }) => layer), ...rows.keys()]);
  return [...layers].flatMap((layer) => rows.get(layer)!);
}
