import type { Measurements, MetricMeasurements, Sibling } from "../measure/measurements.ts";
import type { NotReproduced, Setting } from "../model/loaded_model.ts";
import { optimizerWords } from "../../ground/traits/optimizers.ts";
import { torchSettings } from "../../ground/traits/torch_optimizers.ts";
import { formatCount, formatNumber } from "../../ground/words/numbers.ts";
import { escapeControls } from "../../ground/words/show_value.ts";
import { cutMiddle, wrapText } from "./fit_text.ts";
import { paint } from "./verdicts.ts";

const LABEL = "Objective  ".length;
const LONGEST_NAME = 40;

/** Options for drawing the header. */
interface HeaderStyle {
  width: number;
  color: boolean;
  ellipsis: string;
  /** True to name the engine too. Default: true. */
  engine?: boolean;
}

/** Describes the model, the tools and the batch in labelled lines. */
export function renderHeader(
  measurements: Measurements,
  { width, color, ellipsis, engine }: HeaderStyle,
): string[] {
  const facts = headerFacts(measurements, {
    longest: width - LABEL - 5,
    ellipsis,
    engine,
  });
  return facts.flatMap(([label, text]) =>
    wrapText(text, width, label.padEnd(LABEL), " ".repeat(LABEL)).map((line, index) =>
      index > 0 ? line : paint(label, "strong", color) + line.slice(label.length)
    )
  );
}

/**
 * Returns the facts about a measurement as labels and strings.
 *
 * @param style `longest`: columns for the path of the model.
 */
export function headerFacts(
  { model, engine, batch, objective, optimizer, seed, weightsOnly }: Measurements,
  { longest, ellipsis, engine: withEngine = true }: Pick<HeaderStyle, "ellipsis" | "engine"> & {
    longest: number;
  },
): [label: string, text: string][] {
  const cut = (text: string) => cutMiddle(escapeControls(text), LONGEST_NAME, { ellipsis });
  const source = model.source === null
    ? ""
    : ` from ${cutMiddle(escapeControls(model.source), longest, { ellipsis })}`;
  const examples = formatCount(batch.examples, "example");
  const drawn = batch.seed === null ? "" : ` (seed ${batch.seed})`;
  const what = objective.name === "sum" ? "the sum of the outputs" : cut(objective.name);
  const about: [string, string] = [
    "Model",
    `${cut(model.name)}${source}: ${formatCount(model.layers, "layer")}, ${
      formatCount(model.parameters, "parameter")
    }${seed === null ? "" : `, seed ${seed}`}`,
  ];
  if (weightsOnly !== undefined) {
    const notes = weightsOnly.notes.map((note) => ` ${escapeControls(note)}`).join("");
    const format = escapeControls(weightsOnly.format);
    return [about, ["Weights", `${format}, no topology.${notes}`]];
  }
  return [
    about,
    ...withEngine ? [["Engine", engineOf(engine, cut)] as [string, string]] : [],
    ["Batch", `${examples}${drawn}${partsOf(batch, cut)}; ${inputsOf(batch, cut)}`],
    [
      "Objective",
      `${formatNumber(objective.value)}, ${what}${lossWords(objective, cut)}${reasonOf(objective)}`,
    ],
    ...objective.metrics === undefined
      ? []
      : [["Metrics", objective.metrics.map((one) => metricWords(one, cut)).join(", ")] as [
        string,
        string,
      ]],
    ...optimizer === undefined ? [] : [
      ["Optimizer", optimizerFacts(optimizer, { framework: model.framework, cut })] as [
        string,
        string,
      ],
    ],
  ];
}

/** Settings that are in the optimizer's words, or that PyTorch's optimizers imply. */
const UNNAMED_SETTINGS = ["momentum", "nesterov", "decaysInGradient", "addsEpsilonLast"];

/**
 * Describes the compiled optimizer, its rate and its unusual settings: `SGD with momentum 0.9 at a
 * rate of 0.01, clipnorm 1`.
 */
function optimizerFacts(
  optimizer: NonNullable<Measurements["optimizer"]>,
  { framework, cut }: Pick<Measurements["model"], "framework"> & { cut: (text: string) => string },
): string {
  const { name, learningRate } = optimizer;
  const settings = framework === "pytorch"
    ? torchSettings(name, optimizer.settings ?? {})
    : optimizer.settings ?? {};
  const rate = learningRate === null ? "" : ` at a rate of ${formatNumber(learningRate)}`;
  const others = Object.entries(settings)
    .filter(([name]) => !UNNAMED_SETTINGS.includes(name))
    .map(([name, value]) =>
      typeof value === "number" ? `${name} ${formatNumber(value)}` : `${name}: ${value}`
    );
  return [`${cut(optimizerWords(optimizer))}${rate}`, ...others].join(", ");
}

function engineOf(
  { tfjs, backend, relaxedSimd, simd }: Measurements["engine"],
  cut: (text: string) => string,
): string {
  const name = `TensorFlow.js ${cut(tfjs)} on ${cut(backend.toUpperCase())}`;
  if (relaxedSimd) return `${name} with relaxed SIMD`;
  return simd ? `${name} with SIMD` : name;
}

/** Describes how a batch was split, and for which layers that changes figures. */
function partsOf(
  { microBatch, sawParts }: Measurements["batch"],
  cut: (text: string) => string,
): string {
  if (microBatch === undefined) return "";
  const differs = sawParts === undefined
    ? ""
    : ` (${formatCount(sawParts.length, "layer")} saw only those: ${
      cut(sawParts.join(", "))
    }; other figures follow from it)`;
  return `, ${microBatch} at a time${differs}`;
}

/** Describes losses with non-default settings: ` with label smoothing 0.1`. */
function lossWords(
  { name, losses = [] }: Measurements["objective"],
  cut: (text: string) => string,
): string {
  // A call has its arguments in its name.
  if (name.includes("(")) return "";
  const words = losses.flatMap(({ output, weight, labelSmoothing, reduction, ...rest }) => {
    const settings = [
      ...labelSmoothing === undefined ? [] : [`label smoothing ${formatNumber(labelSmoothing)}`],
      ...reduction === undefined ? [] : ["reduction by sum"],
      ...rest.delta === undefined ? [] : [`delta ${formatNumber(rest.delta)}`],
      ...rest.alpha === undefined ? [] : [`alpha ${formatNumber(rest.alpha)}`],
      ...rest.gamma === undefined ? [] : [`gamma ${formatNumber(rest.gamma)}`],
      ...rest.balanced === undefined ? [] : ["balanced labels"],
      ...rest.takesLabels === undefined ? [] : ["labels 0 and 1 as -1 and 1"],
      ...weight === undefined ? [] : [`weight ${formatNumber(weight)}`],
    ];
    if (settings.length === 0) return [];
    const said = settings.join(", ");
    return [output === undefined ? said : `${said} for ${cut(output)}`];
  });
  return words.length === 0 ? "" : ` with ${words.join("; ")}`;
}

/** States the reason for a default objective, and the kind of its targets. */
function reasonOf({ chosenBy, randomTargets }: Measurements["objective"]): string {
  const compiled = chosenBy === "compiled" ? " (compiled)" : "";
  const parts = [
    ...(chosenBy === "head"
      ? ["the loss that fits the head, as the sum of its outputs is constant"]
      : []),
    ...(randomTargets ? ["on random targets"] : []),
  ];
  return parts.length === 0 ? compiled : `${compiled}: ${parts.join(", ")}`;
}

/** Formats a compiled metric: `accuracy 0.94`, or with several outputs `accuracy of digit 0.94`. */
function metricWords(
  { name, output, value, reason = "" }: MetricMeasurements,
  cut: (text: string) => string,
): string {
  const what = output === undefined ? cut(name) : `${cut(name)} of ${cut(output)}`;
  return value === null
    ? `${what} not evaluated (${escapeControls(reason)})`
    : `${what} ${formatNumber(value)}`;
}

function inputsOf({ inputs, perInput }: Measurements["batch"], cut: (text: string) => string) {
  if (perInput.length === 1) {
    if (perInput[0].lookedUp) return "input of indices";
    if (perInput[0].dtype !== "float32") return `input ${cut(perInput[0].dtype)}`;
  }
  const which = perInput.length > 1 ? `${perInput.length} inputs` : "input";
  const broken = inputs.nonFinite === 0 ? "" : `, ${inputs.nonFinite} NaN or infinite`;
  return `${which} mean ${formatNumber(inputs.mean)}, std ${formatNumber(inputs.std)}${broken}`;
}

/**
 * Returns the lines that limit the verdict and precede it: the sibling that was judged, and settings
 * of the compiled program that were replaced. Empty if nothing limits it.
 *
 * @param width Maximum width of a line.
 */
export function caveatLines(
  { sibling, notReproduced = [] }: Measurements,
  width: number,
): string[] {
  const say = (text: string) => wrapText(text, width, "", "  ");
  return [
    ...sibling === undefined ? [] : say(siblingWords(sibling)),
    ...notReproduced.flatMap((one) => say(substituteWords(one))),
  ];
}

const CONSEQUENCES: Record<Setting, { use: string; silent: string }> = {
  loss: { use: "measured with", silent: "Rules that need the loss do not judge this model." },
  optimizer: { use: "tried with", silent: "Its learning rate is not judged." },
};

/**
 * Says which setting of the compiled program was replaced, by what, and which rules do not judge as
 * a result.
 */
function substituteWords({ setting, name, substitute }: NotReproduced): string {
  if (setting === "argument") {
    return `Keras does not save the ${name}: it is taken to be ${substitute}, as by Keras when it loads the file.`;
  }
  const { use, silent } = CONSEQUENCES[setting];
  const given = name === null
    ? `Compiled without a ${setting}: fit() trains nothing unless a layer or train_step() adds one. ` +
      `Measured with ${substitute}.`
    : `Compiled with ${name}, which is not reproduced: ${use} ${substitute} instead.`;
  return escapeControls(`${given} ${silent}`);
}

/** States what a verdict on a sibling proves about larger ones. */
function siblingWords({ width, depth, largest, steepest, faults }: Sibling): string {
  const sizeOf = (size: Sibling["largest"]) =>
    Object.entries(size).flatMap(([axis, value]) => value === null ? [] : [`${axis} ${value}`])
      .join(", ");
  const judged = `Judged on a sibling of ${sizeOf({ width, depth })}`;
  const to = sizeOf(largest);
  return faults.length === 0
    ? `${judged}: slopes flat to +-${
      steepest.toFixed(2)
    } up to ${to}, so larger siblings keep its scale.`
    : `${judged}, which does not keep its scale up to ${to}: the verdict says nothing of larger siblings.`;
}
