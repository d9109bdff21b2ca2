import type { LayerMeasurements, Measurements } from "../../measure/measurements.ts";
import type { Verdict } from "../finding.ts";
import type { Case } from "../rule_record.ts";
import { isSoftmax } from "../network/heads.ts";
import { layerName, layerNames, say } from "../say.ts";
import { networkOf } from "../network/network.ts";

/** Case, divided by whether the objective sends the layers a signal. */
interface SoftmaxUnderSum<Name extends string> {
  /** Warning about the layers that only lead to softmax heads, if there are any. */
  warnings: Verdict[];
  /** The case without those layers. */
  heard: Case<Name>;
}

/**
 * Splits off the layers that only lead to softmax heads under the objective "sum". The outputs of
 * an example then add up to 1 whatever the weights are, so the gradient is 0 except for rounding,
 * and no rule about gradients can judge these layers. Another head may still send a signal, also to
 * layers that it shares.
 */
export function softmaxUnderSum<Name extends string>(subject: Case<Name>): SoftmaxUnderSum<Name> {
  const { layers, measurements, network } = subject;
  const { silent, heard: rest } = networkOf(network.measurements);
  if (!layers.some((layer) => silent.has(layer))) return { warnings: [], heard: subject };
  const heard = {
    ...subject,
    layers: layers.filter((layer) => !silent.has(layer)),
    measurements: rest.measurements,
    network: rest,
  };
  const softmaxes = [...silent].filter((layer) => layer.role === "output" && isSoftmax(layer));
  const said = warning(softmaxes, [...silent], measurements);
  return { warnings: [heard.layers.length > 0 ? said : { ...said, unjudged: true }], heard };
}

function warning(
  softmaxes: LayerMeasurements[],
  silent: LayerMeasurements[],
  { layers }: Measurements,
): Verdict {
  const [head] = softmaxes;
  const isAll = silent.length === layers.length;
  const names = silent.map(({ name }) => name);
  const verdict = {
    severity: "warning" as const,
    kind: "softmax-under-sum",
    layer: head.name,
    measured: null,
    expected: "an objective that depends on the weights",
    fix:
      'Measure a loss with targets instead of the sum: objective: "categoricalCrossentropy", or ' +
      "--objective categoricalCrossentropy on the command line.",
  };
  if (isAll) {
    return {
      ...verdict,
      message: say`No verdict: ${layerName(head.name)} ends in a softmax, whose outputs add up to
        1, so the objective "sum" is constant and its gradient is 0 whatever the weights are.`,
    };
  }
  const ends = softmaxes.map(({ name }) => name);
  return {
    ...verdict,
    layers: names,
    message: say`No verdict for ${layerNames(names, layers)}: ${layerNames(ends, layers)} ${
      ends.length === 1 ? say`ends` : say`end`
    } in a softmax, whose outputs add up to 1, so the objective "sum" sends no gradient down that way
      whatever the weights are.`,
    fix: `${verdict.fix} The other layers are judged.`,
  };
}
