import { optimizerTraits } from "../../traits/optimizers.ts";
import type { GrowthFix, GrowthSummary, LayerGrowth } from "./growth_summary.ts";
import type { GrowthAxis, LayerScaling } from "./growth_types.ts";
import { repeatedName } from "./growth_types.ts";

const AXES: readonly GrowthAxis[] = ["width", "depth"];

/**
 * Writes changes of layers as sentences and as code for `createModel`.
 *
 * TensorFlow.js has one learning rate for all layers. A constant behind the kernel does the same: by
 * a factor c, an optimizer that divides the gradient by its size moves the product as if its rate
 * were c times as large; one that takes the gradient as it is, c^2 times. The kernel is drawn 1 / c
 * times as large, so that the initial network is the same.
 */
export function scalingCode(
  scalings: readonly LayerScaling[],
  { growth, training }: GrowthSummary,
): GrowthFix["code"] {
  const { optimizer, base } = training;
  const takesGradient = optimizerTraits(optimizer)?.takesGradientAsItIs === true;
  const layers = growth.flatMap(({ layers }) => layers);
  return scalings.map(({ layer: name, std, rate }) => {
    const layer = layers.find((one) => one.name === name || repeatedName(one.name) === name);
    const words: string[] = [];
    const constant: Record<GrowthAxis, number> = { width: 0, depth: 0 };
    const drawn: Record<GrowthAxis, number> = { width: 0, depth: 0 };
    for (const axis of AXES) {
      if (std[axis] !== 0) words.push(`initial standard deviation x ${axis}^${std[axis]}`);
      if (rate[axis] !== 0) words.push(`learning rate x ${axis}^${rate[axis]}`);
      constant[axis] = takesGradient ? rate[axis] / 2 : rate[axis];
      drawn[axis] = std[axis] - constant[axis] + ownPower(growth, layer, axis);
    }
    const lines = [
      `kernelInitializer: tf.initializers.randomNormal({ stddev: ${
        product(layer?.baseStd ?? 1, drawn, base)
      }, seed }),`,
    ];
    if (constant.width !== 0 || constant.depth !== 0) {
      lines.push(
        `// behind the layer, before its activation:`,
        `tf.layers.rescaling({ scale: ${product(null, constant, base)} })`,
      );
    }
    return { layer: name, words: words.join(", "), code: lines.join("\n") };
  });
}

/** Returns the power of the size that the standard deviation of a layer has already. */
function ownPower(
  growth: GrowthSummary["growth"],
  layer: LayerGrowth | undefined,
  axis: GrowthAxis,
): number {
  const along = growth.find((one) => one.axis === axis)?.layers
    .find(({ name }) => name === layer?.name);
  return Math.round(2 * (along?.std ?? 0)) / 2 || 0;
}

function product(
  first: number | null,
  powers: Record<GrowthAxis, number>,
  base: Record<GrowthAxis, number | null>,
): string {
  const factors = AXES.filter((axis) => powers[axis] !== 0)
    .map((axis) => `(${axis} / ${base[axis]}) ** ${powers[axis]}`);
  return [...first === null ? [] : [Number(first.toPrecision(3))], ...factors].join(" * ");
}
