import { InputError, nearest, refusal } from "../words/input_error.ts";
import { oneOfNames, requireValue, string } from "../words/shape.ts";
import { showValue } from "../words/show_value.ts";
import { KERAS_LAYER_TRAITS } from "./keras_layers.ts";
import { isKernelLayout, LAYER_KINDS, LAYERS, type LayerTraits, OPAQUE } from "./layers.ts";
import { torchLayerTraits } from "./torch_layers.ts";

const registered = new Map<string, LayerTraits>();

/**
 * Returns the traits of a layer class: one of TensorFlow.js, one that {@linkcode registerLayer}
 * declared, one of Keras that TensorFlow.js lacks, or a module or operation of PyTorch.
 *
 * @param className The class name, as `layer.getClassName()` returns it.
 * @returns The traits; those of an opaque layer if the class is unknown.
 * @throws {InputError} If the name is not a string.
 *
 * @example
 * ```ts
 * import { layerTraits } from "@gradient-health/gradient-health/traits";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(layerTraits("LSTM").kind, "recurrent");
 * assertEquals(layerTraits("SomebodysLayer").kind, "opaque");
 * ```
 */
export function layerTraits(className: string): LayerTraits {
  requireValue("className", className, string);
  if (Object.hasOwn(LAYERS, className)) return LAYERS[className];
  const known = registered.get(className);
  if (known !== undefined) return known;
  if (Object.hasOwn(KERAS_LAYER_TRAITS, className)) {
    return (KERAS_LAYER_TRAITS as Record<string, LayerTraits>)[className];
  }
  return torchLayerTraits(className) ?? OPAQUE;
}

/** Stores the traits of a custom class, replacing earlier ones. */
function rememberTraits(className: string, traits: LayerTraits): void {
  registered.set(className, traits);
}

/** Traits that can be declared for a custom layer: its kind, and anything else that is unusual. */
export type CustomLayerTraits = Pick<LayerTraits, "kind"> & Partial<LayerTraits>;

const KINDS = LAYER_KINDS.toSorted();

const KNOWN_TRAITS = [...Object.values(LAYERS), ...Object.values(KERAS_LAYER_TRAITS)];
const OPERATIONS = [...new Set(KNOWN_TRAITS.map(({ operation }) => operation))]
  .filter((operation) => operation !== null).toSorted();

const COPIES = {
  expected: "a number from 0 to 1000",
  is: (value: unknown) => typeof value === "number" && value >= 0 && value <= 1000,
};

const VALUES: Record<
  keyof LayerTraits,
  { expected: string; is: (value: unknown) => boolean }
> = {
  kind: {
    expected: `one of ${KINDS.join(", ")}`,
    is: (value) => (KINDS as unknown[]).includes(value),
  },
  kernel: {
    expected: '"ordinary", "transposed", "depthwise", "einsum ioo" and the like, or null',
    is: (value) => value === null || isKernelLayout(value),
  },
  operation: {
    expected: `one of ${OPERATIONS.join(", ")} or null`,
    is: (value) => value === null || (OPERATIONS as unknown[]).includes(value),
  },
  activation: {
    expected: "the name of an activation or null",
    is: (value) => value === null || typeof value === "string",
  },
  kinked: { expected: "true or false", is: (value) => typeof value === "boolean" },
  drops: { expected: "true or false", is: (value) => typeof value === "boolean" },
  memoryCopies: COPIES,
  activatedCopies: COPIES,
  biasCopies: COPIES,
  sweptCopies: COPIES,
  inputCopies: COPIES,
  perExample: { expected: "true or false", is: (value) => typeof value === "boolean" },
  moments: {
    expected: "a function of inputs and weights",
    is: (value) => typeof value === "function",
  },
};

/**
 * Declares what a custom layer does, so that rules, theory, the memory estimate and random targets
 * treat it like TensorFlow.js's own layers of that kind. Without a declaration a custom layer is
 * opaque: it is measured, but nothing is assumed about it. Call this function where the class is
 * defined, in the model's module or in a module given as `--register`.
 *
 * @param className The class's name, its static `className`.
 * @param traits Its kind and other traits.
 * @throws {InputError} If a name or a trait is not valid, or the class is TensorFlow.js's own.
 *
 * @example A layer that passes its input on unchanged
 * ```ts
 * import { registerLayer } from "@gradient-health/gradient-health";
 *
 * registerLayer("StopGradient", { kind: "passesOn" });
 * ```
 *
 * @example A layer whose effect on signals is declared for the theory: x + 0.1 sin(10 x)
 * ```ts
 * import { registerLayer } from "@gradient-health/gradient-health";
 *
 * registerLayer("Wiggle", {
 *   kind: "opaque",
 *   moments: ([{ meanSquare, mean }]) => ({
 *     output: { meanSquare: meanSquare + 0.01 / 2, mean },
 *     // The derivative is 1 + cos(10 x), of mean square 1 + 1 / 2.
 *     gradients: [1.5],
 *   }),
 * });
 * ```
 */
export function registerLayer(className: string, traits: CustomLayerTraits): void {
  if (typeof className !== "string" || className === "") {
    throw new InputError(
      refusal`className is ${showValue(className)}, expected the name of a layer class`,
    );
  }
  if (Object.hasOwn(LAYERS, className)) {
    throw new InputError({
      place: "className",
      found: `${showValue(className)}, which is a class of TensorFlow.js and needs no registration`,
      expected: "a custom layer",
    });
  }
  if (typeof traits !== "object" || traits === null || !Object.hasOwn(traits, "kind")) {
    throw new InputError(
      refusal`traits of ${className} is ${showValue(traits)}, expected an object with a kind`,
    );
  }
  for (const [name, value] of Object.entries(traits)) {
    if (!Object.hasOwn(VALUES, name)) {
      throw new InputError({
        place: "A layer",
        verb: "has no trait",
        found: showValue(name),
        expected: oneOfNames(Object.keys(VALUES)),
        meant: nearest(name, Object.keys(VALUES)),
      });
    }
    const { expected, is } = VALUES[name as keyof LayerTraits];
    if (value !== undefined && !is(value)) {
      throw new InputError({
        place: `${name} of ${className}`,
        found: showValue(value),
        expected,
        hint: name === "kind" && typeof value === "string" ? nearest(value, KINDS) : "",
      });
    }
  }
  const given = Object.entries(traits).filter(([, value]) => value !== undefined);
  rememberTraits(className, { ...OPAQUE, ...Object.fromEntries(given) });
}
