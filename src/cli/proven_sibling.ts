import { diagnose } from "../core/diagnosis/diagnose.ts";
import type { Examination } from "../core/diagnosis/examine/examine.ts";
import { withTreatment } from "../core/diagnosis/diagnosis.ts";
import type { Engine } from "../engine/engine.ts";
import { weigh } from "../gate/judge_run.ts";
import type { GateSettings } from "../gate/resolve_configuration.ts";
import type { Sibling } from "../core/measure/measurements.ts";
import type { ModelSize } from "../core/model/loaded_model.ts";
import { isObjective } from "../core/model/objective.ts";
import { growthFaults } from "../study/text/render_growth.ts";
import { type Finding, makeFinding } from "../core/rules/finding.ts";
import {
  type GrowthSummary,
  steepestSlope,
  type StudyTraining,
} from "../study/growth/growth_types.ts";
import { runGrowth } from "../study/growth/run_growth.ts";
import { summarizeGrowth } from "../study/growth/summarize_growth.ts";
import { PointMeter } from "../study/point_meter.ts";
import { readStudyFile } from "../study/study_file.ts";
import { type ModelFile, StudyError } from "../study/study_options.ts";
import type { Study } from "../study/study_summary.ts";
import { formatNumber } from "../ground/words/numbers.ts";
import type { MeasureRequest } from "./flags/measure_flags.ts";
import { refusal } from "../ground/words/input_error.ts";

/** Smallest sibling of a model, with the size in which to create it. */
interface ProvenSibling {
  sibling: Sibling;
  /** Size to create the model in. */
  size: ModelSize;
}

/** Siblings that were trained: a gate judges a model under several seeds. */
const trained = new Map<string, ProvenSibling>();

/**
 * Reads the proof that a request names, or trains the siblings that it asks for.
 *
 * @returns The sibling to judge; `null` if the request asks for neither.
 * @throws {StudyError} If the proof is of another model, or is not whole.
 */
export async function provenSibling(
  engine: Engine,
  request: MeasureRequest,
): Promise<ProvenSibling | null> {
  const { model, register, proof = null, scale = null } = request;
  if (proof === null && scale === null) return null;
  if (model === null) {
    throw new StudyError({
      place: "MODEL",
      found: "missing",
      expected: "a module with createModel({ tf, seed, width, depth }), which a proof is about",
    });
  }
  const subject: ModelFile = { model, register };
  if (proof !== null) return await readProof(engine, subject, proof);
  const { objective, batch } = request;
  const key = JSON.stringify([subject, scale, objective, batch]);
  const sibling = trained.get(key) ?? await trainSiblings(subject, request);
  trained.set(key, sibling);
  return sibling;
}

async function trainSiblings(
  subject: ModelFile,
  { scale, objective, batch, trust }: MeasureRequest,
): Promise<ProvenSibling> {
  const { header, points } = await runGrowth(subject, scale!, { objective, batch, trust });
  return siblingOf(summarizeGrowth({ ...header, points: await Array.fromAsync(points) }));
}

async function readProof(
  engine: Engine,
  subject: ModelFile,
  path: string,
): Promise<ProvenSibling> {
  const { header, points } = await readStudyFile(path);
  const { training, shard, total, objective, batch, examples } = header;
  if (training?.keeps !== "layers") {
    throw new StudyError(
      refusal`${path} is another study, expected one that scale wrote without --rates`,
    );
  }
  const study: Study = { ...header, points: await Array.fromAsync(points()) };
  if (shard !== null || study.points.length < total) {
    throw new StudyError({
      place: path,
      verb: "has",
      found: `${study.points.length} of ${total} points`,
      expected: "a whole study",
      hint: ": join its shards with merge, or continue it with --resume",
    });
  }
  const meter = await PointMeter.open(engine, subject, header.grid, {
    examples,
    batch,
    objective: isObjective(objective) ? objective : undefined,
    training,
  });
  try {
    const { model, training: own } = await meter.identify();
    if (model.fingerprint !== header.model.fingerprint) {
      throw new StudyError(
        refusal`${path} is about other layers, weights or another batch, expected those of ${subject.model}: run scale again`,
      );
    }
    // The slopes are those of an optimizer, and compiling leaves no trace in layers and weights.
    if (own!.optimizer !== training.optimizer || own!.rate !== training.rate) {
      const mine = sayOptimizer(own!);
      throw new StudyError(
        refusal`${path} is about ${
          sayOptimizer(training)
        }, expected ${mine}, by which ${subject.model} is trained: run scale again`,
      );
    }
  } finally {
    meter.close();
  }
  return siblingOf(summarizeGrowth(study));
}

const sayOptimizer = ({ optimizer, rate }: StudyTraining) =>
  rate === null ? optimizer : `${optimizer} at a rate of ${formatNumber(rate)}`;

function siblingOf({ training: { base }, largest, growth }: GrowthSummary): ProvenSibling {
  const { width, depth } = base;
  return {
    size: { ...width === null ? {} : { width }, ...depth === null ? {} : { depth } },
    sibling: {
      width,
      depth,
      largest,
      steepest: Math.max(0, ...growth.map(steepestSlope)),
      faults: growth.flatMap(growthFaults),
    },
  };
}

/** Adds to an examination that it was made on a sibling, and the findings about the others. */
export function judgedAsSibling(
  { measurements, findings, diagnosis, ...rest }: Examination,
  sibling: Sibling,
  rules: GateSettings["rules"] | null,
): Examination {
  const judged = { ...measurements, sibling };
  const faults = sibling.faults.map(({ severity, layer, slope, message }): Finding =>
    makeFinding("scale-free", {
      severity,
      layer: null,
      measured: slope,
      expected: "a slope of at most 0.25",
      message: `The scale of ${message}`,
      fix: `Run scale: it names the change of each layer, such as that of \`${layer}\`.`,
    })
  );
  const { level } = rules?.["scale-free"] ?? { level: "error" };
  const all = [...findings, ...level === "off" ? [] : weigh(faults, level)];
  return {
    ...rest,
    measurements: judged,
    findings: all,
    diagnosis: withTreatment(diagnose(judged, all), diagnosis),
  };
}
