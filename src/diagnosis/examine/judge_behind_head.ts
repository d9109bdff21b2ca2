import type { TensorFlow } from "../../engine/tensorflow.ts";
import type { Measurements } from "../../measure/measurements.ts";
import { diagnose } from "../diagnose.ts";
import { amendFinding, type Finding, saidOf } from "../../rules/finding.ts";
import { layerName, say } from "../../rules/say.ts";
import { fans } from "../../theory/initializers.ts";
import { isKernel } from "../../theory/weight_kinds.ts";
import { applyFix, type FixSubject } from "./apply_fixes.ts";

/** Rules about the answers of a network, which another head changes. */
const OF_ANSWERS: ReadonlySet<string> = new Set(["initial-loss", "output-head"]);

/** Subject with its measurements. */
interface Measured {
  subject: FixSubject;
  measurements: Measurements;
}

/** Functions that measure and judge a subject. */
interface Judge {
  measure(subject: FixSubject): Promise<Measurements>;
  judge(measurements: Measurements): Finding[];
}

/** Returns functions that judge a subject, also behind a head of zeros. */
export function makeExaminer(tf: TensorFlow, { measure, judge }: Judge) {
  const judgeIt = (measured: Measured) => judgeBehindHead(tf, measured, { measure, judge });
  return {
    judgeIt,
    async examineIt(subject: FixSubject) {
      const measurements = await measure(subject);
      const found = await judgeIt({ subject, measurements });
      return { measurements, diagnosis: diagnose(measurements, found) };
    },
  };
}

/**
 * Judges measurements. If the kernel of a head is all zeros, no gradient reaches the layers before
 * it, and the rules about gradients have nothing to judge: a second pass with this kernel drawn at
 * random shows their errors. The model is restored bit by bit.
 */
async function judgeBehindHead(
  tf: TensorFlow,
  { subject, measurements }: Measured,
  { measure, judge }: Judge,
): Promise<Finding[]> {
  const found = judge(measurements);
  if (!found.some(isZeroHead)) return found;
  const weights = zeroHeads(measurements);
  const drawn = applyFix(tf, subject, { kind: "redraw", weights, initializer: "leCunNormal" });
  if (drawn === null) return found;
  try {
    const heads = weights.map(({ layer }) => layer);
    const behind = judge(await measure(drawn.subject)).filter(({ rule, severity, layer }) =>
      severity === "error" && !OF_ANSWERS.has(rule) && !heads.includes(layer ?? "")
    );
    return joined(found, behind, heads);
  } finally {
    drawn.undo();
  }
}

const isZeroHead = ({ rule, kind }: Finding) =>
  rule === "vanishing-gradients" && kind === "zero-head";

/** Returns the kernels of heads that are all zeros, with the deviation that LeCun draws. */
function zeroHeads({ layers }: Measurements) {
  return layers.filter(({ role }) => role === "output").flatMap(({ name, kernelLayout, weights }) =>
    weights.filter((weight) => isKernel(weight) && weight.values.maxAbs === 0)
      .flatMap((weight) =>
        kernelLayout === undefined ? [] : [{
          layer: name,
          weight: weight.name,
          std: 1 / Math.sqrt(fans(weight.shape, kernelLayout).fanIn),
        }]
      )
  );
}

/** Returns the findings with the errors that a drawn head shows. */
function joined(found: readonly Finding[], behind: readonly Finding[], heads: string[]): Finding[] {
  if (behind.length === 0) return [...found];
  const isAlike = (a: Finding, b: Finding) => a.rule === b.rule && a.layer === b.layer;
  const shown = behind.filter((one) =>
    !found.some((known) => known.severity === "error" && isAlike(known, one))
  ).map((one) =>
    amendFinding(one, {
      message: say`${saidOf(one, "message")} Measured with the kernel of ${
        layerName(heads[0])
      } drawn at random: as zeros it hides this in one pass.`,
    })
  );
  return [
    ...found.filter((known) =>
      !isZeroHead(known) && known.kind !== "no-signal" && !shown.some((one) => isAlike(known, one))
    ),
    ...shown,
  ];
}
