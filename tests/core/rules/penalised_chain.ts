import type { LayerMeasurements } from "../../../src/core/measure/measurements.ts";
import {
  flat,
  makeHead,
  makeLayer,
  makeMeasurements,
  makeTarget,
  makeWeight,
  statisticsOf,
} from "../../networks/measurements.ts";

/** Deviation of the targets of {@linkcode penalisedChain}. */
export const SIGMA = 0.3;

/** A chain of linear layers of one unit each, of weight 1, whose targets are 0.3 times its inputs. */
export function penalisedChain(
  count: number,
  penalty: number,
  more: Partial<LayerMeasurements> = {},
) {
  const signs = (size: number) => flat(size, 32);
  const layers = Array.from({ length: count }, (_, i) => {
    const weights = [
      makeWeight({ shape: [1, 1], values: statisticsOf([1]), gradients: flat(9, 2) }),
    ];
    const given = { name: `dense_${i + 1}`, depth: i + 1, activation: "linear", penalty, weights };
    return i < count - 1 ? makeLayer({ ...given, ...more }) : makeHead(given);
  });
  const { batch, ...rest } = makeMeasurements([], {
    layers,
    objective: { name: "meanSquaredError", value: 1, penalty: count * penalty },
  });
  const target = {
    ...makeTarget(Float64Array.from({ length: 32 }, (_, i) => i % 2 === 0 ? SIGMA : -SIGMA), 32),
    spread: 1,
  };
  const perInput = [{ ...batch.perInput[0], shape: [32, 1], values: signs(1), spread: 1 }];
  return { ...rest, batch: { ...batch, examples: 32, perInput, targets: [target] } };
}
