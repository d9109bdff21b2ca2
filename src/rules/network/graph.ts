import type { LayerMeasurements } from "../../measure/measurements.ts";
import { layerTraits } from "../../traits/layer_traits.ts";
import { sharesHead } from "./heads.ts";
import { hasKernel } from "./signal_path.ts";

/**
 * Graph of the layers, with the measured edges. Measurements of older versions have none; each
 * layer then gets one input, guessed from depth and order.
 */
export class Graph {
  readonly #layers: readonly LayerMeasurements[];
  readonly #byName: ReadonlyMap<string, LayerMeasurements>;
  readonly #inputs = new Map<string, LayerMeasurements[]>();
  readonly #outputs = new Map<string, LayerMeasurements[]>();
  readonly #before = new Map<string, Set<string>>();
  readonly #isMeasured: boolean;

  /**
   * Created by `Network`.
   *
   * @param layers The layers, in the order of the forward pass.
   */
  constructor(layers: readonly LayerMeasurements[]) {
    this.#layers = layers;
    this.#isMeasured = layers.every(({ inputs }) => inputs !== undefined);
    this.#byName = new Map(layers.map((layer) => [layer.name, layer]));
    for (const [index, layer] of layers.entries()) {
      const inputs = this.#isMeasured
        ? layer.inputs!.flatMap((name) => this.#byName.get(name) ?? [])
        : this.#guess(index);
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
  before({ name }: LayerMeasurements): LayerMeasurements[] {
    return [...this.#namesBefore(name)].map((one) => this.#byName.get(one)!);
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
          this.#layers.indexOf(layer) < this.#layers.indexOf(other));
    }
    return this.#reaches(layer, other) &&
      (layer.depth < other.depth || !this.#reaches(other, layer));
  }

  /**
   * Yields the paths from one layer to another, both included, without visiting a layer twice. They
   * are computed on demand: n residual blocks have 2^n of them.
   */
  *pathsBetween(
    layer: LayerMeasurements,
    other: LayerMeasurements,
  ): Generator<LayerMeasurements[]> {
    yield* this.#extend([layer], other);
  }

  *#extend(
    path: LayerMeasurements[],
    end: LayerMeasurements,
  ): Generator<LayerMeasurements[]> {
    const last = path[path.length - 1];
    if (last.name === end.name) {
      yield path;
      return;
    }
    for (const next of this.outputsOf(last)) {
      const isOnTheWay = next.name === end.name || this.#reaches(next, end);
      if (isOnTheWay && !path.some(({ name }) => name === next.name)) {
        yield* this.#extend([...path, next], end);
      }
    }
  }

  /** Returns true if the edges lead from a layer to another. */
  #reaches(layer: LayerMeasurements, { name }: LayerMeasurements): boolean {
    return this.#namesBefore(name).has(layer.name);
  }

  #namesBefore(name: string): ReadonlySet<string> {
    let before = this.#before.get(name);
    if (before === undefined) {
      before = new Set(this.#inputs.get(name)?.map(({ name }) => name));
      // Iterating a set includes entries that are added on the way.
      for (const name of before) {
        for (const input of this.#inputs.get(name)!) before.add(input.name);
      }
      this.#before.set(name, before);
    }
    return before;
  }

  /**
   * Guesses the input of a layer from depths alone: the latest earlier layer at the depth where it
   * starts.
   */
  #guess(index: number): LayerMeasurements[] {
    const layer = this.#layers[index];
    const depth = layer.depth - (hasKernel(layer) ? 1 : 0);
    const input = this.#layers.slice(0, index).findLast((other) =>
      other.depth === depth && sharesHead(other, layer)
    );
    return input === undefined ? [] : [input];
  }
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
