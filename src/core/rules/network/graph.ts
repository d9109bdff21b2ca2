import type { LayerMeasurements } from "../../measure/measurements.ts";
import { layerTraits } from "../../../ground/traits/layer_traits.ts";
import { sharesHead } from "./heads.ts";
import { hasKernel } from "./signal_path.ts";

/**
 * Graph of the layers, with the measured edges. Measurements of older versions have none; each
 * layer then gets one input, guessed from depth and order.
 */
export class Graph {
  /** The layers, in the order of the forward pass. */
  readonly layers: readonly LayerMeasurements[];
  readonly #byName: ReadonlyMap<string, LayerMeasurements>;
  readonly #inputs = new Map<string, LayerMeasurements[]>();
  readonly #outputs = new Map<string, LayerMeasurements[]>();
  readonly #places: ReadonlyMap<string, number>;
  readonly #isMeasured: boolean;
  #reached?: Uint32Array[];

  /**
   * Created by `Network`.
   *
   * @param layers The layers, in the order of the forward pass.
   */
  constructor(layers: readonly LayerMeasurements[]) {
    this.layers = layers;
    this.#isMeasured = layers.every(({ inputs }) => inputs !== undefined);
    this.#byName = new Map(layers.map((layer) => [layer.name, layer]));
    this.#places = new Map(layers.map(({ name }, place) => [name, place]));
    const guesses = this.#isMeasured ? [] : guessInputs(layers);
    for (const [index, layer] of layers.entries()) {
      const inputs = this.#isMeasured
        ? layer.inputs!.flatMap((name) => this.#byName.get(name) ?? [])
        : guesses[index];
      this.#inputs.set(layer.name, inputs);
      for (const { name } of inputs) {
        const outputs = this.#outputs.get(name);
        if (outputs === undefined) this.#outputs.set(name, [layer]);
        else outputs.push(layer);
      }
    }
  }

  /** Returns the layers that a layer reads, in the order of its inputs. */
  inputsOf({ name }: LayerMeasurements): readonly LayerMeasurements[] {
    return this.#inputs.get(name) ?? [];
  }

  /** Returns the layers that read a layer, in the order of the forward pass. */
  outputsOf({ name }: LayerMeasurements): readonly LayerMeasurements[] {
    return this.#outputs.get(name) ?? [];
  }

  /** Returns all layers whose outputs reach a layer, the nearest first. */
  before(layer: LayerMeasurements): LayerMeasurements[] {
    const before = new Set(this.inputsOf(layer));
    // Iterating a set includes entries added during it.
    for (const one of before) {
      for (const input of this.inputsOf(one)) before.add(input);
    }
    return [...before];
  }

  /** Returns the layers that at least one of the given layers is below. */
  above(layers: readonly LayerMeasurements[]): Set<LayerMeasurements> {
    const reached = new Set(layers.flatMap((layer) => this.outputsOf(layer)));
    for (const one of reached) {
      for (const reader of this.outputsOf(one)) reached.add(reader);
    }
    const candidates = this.#isMeasured ? [...reached] : this.layers;
    return new Set(candidates.filter((one) => layers.some((layer) => this.isBelow(layer, one))));
  }

  /**
   * Returns true if the outputs of a layer reach another one. If they reach each other, as layers
   * do that are called repeatedly, the one of smaller depth is below. No layer is below itself.
   */
  isBelow(layer: LayerMeasurements, other: LayerMeasurements): boolean {
    if (layer.name === other.name) return false;
    if (!this.#isMeasured) {
      return sharesHead(layer, other) && (layer.depth < other.depth ||
        layer.depth === other.depth && !hasKernel(other) &&
          this.#places.get(layer.name)! < this.#places.get(other.name)!);
    }
    return this.#reaches(layer, other) &&
      (layer.depth < other.depth || !this.#reaches(other, layer));
  }

  /** Returns true if the edges lead from a layer to another. */
  #reaches(layer: LayerMeasurements, other: LayerMeasurements): boolean {
    this.#reached ??= this.#reachability();
    const place = this.#places.get(layer.name);
    const row = this.#reached[this.#places.get(other.name) ?? -1];
    return place !== undefined && row !== undefined && (row[place >> 5] >> (place & 31) & 1) === 1;
  }

  /**
   * Returns for each layer the bits of all layers that reach it: 3 MB for 5000 layers, where sets
   * of names take 500 MB.
   */
  #reachability(): Uint32Array[] {
    const words = Math.ceil(this.layers.length / 32);
    const rows = this.layers.map(() => new Uint32Array(words));
    const back: [from: number, to: number][] = [];
    for (const [to, layer] of this.layers.entries()) {
      for (const { name } of this.inputsOf(layer)) {
        const from = this.#places.get(name)!;
        if (from < to) follow(rows[to], rows[from], from);
        else back.push([from, to]);
      }
    }
    // Layers that are called repeatedly may read later ones.
    for (const [from, to] of back) {
      rows.forEach((row, place) => {
        if (place === to || row[to >> 5] >> (to & 31) & 1) follow(row, rows[from], from);
      });
    }
    return rows;
  }
}

/** Adds a layer to the bits of those that reach another one, with all that reach the layer. */
function follow(row: Uint32Array, before: Uint32Array, place: number): void {
  for (let i = 0; i < row.length; i++) row[i] |= before[i];
  row[place >> 5] |= 1 << (place & 31);
}

/**
 * Guesses the input of each layer from depths alone: the latest earlier layer at the depth where it
 * starts.
 */
function guessInputs(layers: readonly LayerMeasurements[]): LayerMeasurements[][] {
  const earlier = new Map<number, LayerMeasurements[]>();
  return layers.map((layer) => {
    const input = earlier.get(layer.depth - (hasKernel(layer) ? 1 : 0))
      ?.findLast((other) => sharesHead(other, layer));
    const own = earlier.get(layer.depth);
    if (own === undefined) earlier.set(layer.depth, [layer]);
    else own.push(layer);
    return input === undefined ? [] : [input];
  });
}

/**
 * Returns true if the outputs of a layer, perhaps reshaped, only multiply another path, as gates
 * from 0 to 1 do.
 */
export function isGate(layer: LayerMeasurements, graph: Graph): boolean {
  const carriers = new Set([layer]);
  let multiplies = false;
  // Iterating a set includes added entries once each: a layer that is called repeatedly may read
  // itself.
  for (const carrier of carriers) {
    const readers = graph.outputsOf(carrier);
    if (readers.length === 0) return false;
    for (const reader of readers) {
      if (layerTraits(reader.className).operation === "product") multiplies = true;
      else if (reader.kind === "passesOn") carriers.add(reader);
      else return false;
    }
  }
  return multiplies;
}
