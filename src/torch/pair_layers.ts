import { ModelError } from "../model/model_error.ts";
import { formatCount } from "../words/numbers.ts";
import { showValue } from "../words/show_value.ts";
import type { Unit } from "./model_units.ts";
import { type Offer, offersOf } from "./offers.ts";
import type { TorchLayer } from "./torch_layers.ts";
import { refusal } from "../words/input_error.ts";

/** Layer of a model, with the layer of the file whose weights it gets. */
interface Pair {
  unit: Unit;
  layer: TorchLayer;
  offer: Offer;
}

/** Layer of the file with its offers. */
type Filler = { layer: TorchLayer; offers: Offer[] };

/**
 * Pairs the layers of a model with those of a state dict: by their names if each of the model's has
 * the name of one in the file, else by shape, and repeated shapes in their order. If these
 * disagree, it throws: weights in the wrong place are worse than none.
 *
 * @param units Layers of the model.
 * @param file `isOrdered`: true if the file has its layers in the order of the network.
 * @throws {ModelError} If the pairing is ambiguous; the message names both sides.
 */
export function pairLayers(
  units: readonly Unit[],
  layers: readonly TorchLayer[],
  { isOrdered }: { isOrdered: boolean },
): Pair[] {
  const fillers = layers.map((layer): Filler => ({ layer, offers: offersOf(layer) }));
  const byName = pairByName(units, fillers);
  if (byName !== null) return byName;
  if (units.length !== layers.length) {
    const rest = spare(units, fillers);
    throw new ModelError(
      refusal`The file has ${
        formatCount(layers.length, "layer")
      } with weights, expected ${units.length} as the model has${rest}`,
    );
  }
  const numbered = isOrdered ? fillers : inNaturalOrder(fillers);
  const inOrder = units.map((unit, i) => pairOf(unit, numbered[i]));
  if (inOrder.every((pair) => pair !== null)) {
    const repeated = inOrder.find(({ unit }) =>
      units.filter(({ signature }) => signature === unit.signature).length > 1
    );
    if (isOrdered || repeated === undefined || isNumbered(layers)) {
      return withoutNamesakes(inOrder, layers);
    }
    throw new ModelError({
      place: `Layer ${showValue(repeated.unit.path)}`,
      found: `${repeated.unit.signature}, and so are others of the file, which is sorted by name`,
      expected: `layers with the names of the file: ${showValue(repeated.layer.name)} and so on`,
    });
  }
  return withoutNamesakes(pairByShape(units, fillers), layers);
}

/**
 * Returns the pairs, unless a layer would not get the weights of the file's layer with its name.
 */
function withoutNamesakes(pairs: Pair[], layers: readonly TorchLayer[]): Pair[] {
  for (const { unit, layer } of pairs) {
    const name = plainName(unit.path);
    const namesake = unit.isNamed && plainName(layer.name) !== name &&
      layers.find((other) => plainName(other.name) === name);
    if (!namesake) continue;
    throw new ModelError(
      `Layer ${showValue(unit.path)} would get the weights of ${
        showValue(layer.name)
      } by shapes and ` +
        `order, expected those of ${
          showValue(namesake.name)
        }: give all layers the names of the file`,
    );
  }
  return pairs;
}

const pairOf = (unit: Unit, { layer, offers }: Filler): Pair | null => {
  const offer = offers.find(({ signature }) => signature === unit.signature);
  return offer === undefined ? null : { unit, layer, offer };
};

/**
 * Returns a name without separators and the prefixes of wrappers: DataParallel, torch.compile,
 * Lightning.
 */
const plainName = (name: string) =>
  name.toLowerCase().replace(/^((module|_orig_mod|model)\.)+/, "").replaceAll(/[^a-z0-9]+/g, "_")
    .replace(/_l0$/, "");

function pairByName(units: readonly Unit[], fillers: readonly Filler[]): Pair[] | null {
  if (units.length !== fillers.length || !units.every(({ isNamed }) => isNamed)) return null;
  const byName = new Map(fillers.map((filler) => [plainName(filler.layer.name), filler]));
  if (byName.size < fillers.length) return null;
  const found = units.map((unit) => ({ unit, filler: byName.get(plainName(unit.path)) }));
  if (found.some(({ filler }) => filler === undefined)) return null;
  return found.map(({ unit, filler }) => {
    const pair = pairOf(unit, filler!);
    if (pair !== null) return pair;
    throw new ModelError({
      place: `${showValue(filler!.layer.name)} of the file`,
      found: filler!.offers[0].signature,
      expected: `${unit.signature} as layer ${showValue(unit.path)} of that name has`,
    });
  });
}

/** Pairs layers by shape, which is only possible if each signature occurs once on either side. */
function pairByShape(units: readonly Unit[], fillers: readonly Filler[]): Pair[] {
  return units.map((unit) => {
    const fitting = fillers.flatMap((filler) => pairOf(unit, filler) ?? []);
    const alike = units.filter(({ signature }) => signature === unit.signature);
    if (fitting.length === 1 && alike.length === 1) return fitting[0];
    if (fitting.length === 0) {
      throw new ModelError(
        `Layer ${showValue(unit.path)} is ${unit.signature}, and no layer of the file is${
          spare(units, fillers)
        }`,
      );
    }
    throw new ModelError({
      place: `Layer ${showValue(unit.path)}`,
      found: `${unit.signature}, and so are ${fitting.length} layers of the file (${
        fitting.slice(0, 3).map(({ layer }) => showValue(layer.name)).join(", ")
      }), whose order is not that of the model`,
      expected: "layers with the names of the file",
    });
  });
}

/** Describes the first layer of the file that fills none of the model's. */
function spare(units: readonly Unit[], fillers: readonly Filler[]): string {
  const other = fillers.find((filler) => units.every((unit) => pairOf(unit, filler) === null)) ??
    fillers.at(-1);
  return other === undefined
    ? ""
    : `: ${showValue(other.layer.name)} of the file is ${other.offers[0].signature}`;
}

const digits = (name: string) => name.replaceAll(/\d+/g, (number) => number.padStart(12, "0"));

function inNaturalOrder(fillers: readonly Filler[]): Filler[] {
  return fillers.toSorted((a, b) => digits(a.layer.name) < digits(b.layer.name) ? -1 : 1);
}

/**
 * Returns true if names differ only in numbers, as in an nn.Sequential: then they tell the order.
 */
const isNumbered = (layers: readonly TorchLayer[]) =>
  new Set(layers.map(({ name }) => name.replaceAll(/\d+/g, "#"))).size === 1;
