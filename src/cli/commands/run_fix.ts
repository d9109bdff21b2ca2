import { type Diagnosis, isFailing } from "../../core/diagnosis/diagnosis.ts";
import { applyFixes } from "../../core/diagnosis/examine/apply_fixes.ts";
import { type Examination, examine } from "../../core/diagnosis/examine/examine.ts";
import { errorsOf, isGone } from "../../core/diagnosis/examine/try_fixes.ts";
import {
  type Fix,
  type FixWeight,
  initializerIn,
  isWeightFix,
  type Redrawn,
} from "../../core/diagnosis/fix.ts";
import { argumentOf, inKerasConfig, snakeCase } from "../../core/diagnosis/framework_words.ts";
import { takeForMadeUp } from "../../engine/repairs/watch_names.ts";
import type { Layer, LayersModel, TensorFlow } from "../../engine/tensorflow.ts";
import { type LayerInitializer, rewriteKeras } from "../../keras/files/rewrite_keras.ts";
import { loadModel } from "../../load/load_model.ts";
import { folderOf } from "../../files/user_file.ts";
import { modelFiles } from "../../keras/save_model.ts";
import { containerLayers, leafLayers } from "../../core/model/layers/leaf_layers.ts";
import { isJsonFile, isKerasFile, isProgramFile } from "../../core/model/loaded_model.ts";
import { ModelError } from "../../core/model/model_error.ts";
import { automaticName } from "../../core/model/names.ts";
import { type NewFile, NewFolder } from "../../files/new_folder.ts";
import { strayErrors } from "../../files/user_code/stray_errors.ts";
import { modelWeights } from "../../core/model/weights/model_weights.ts";
import { wrapText } from "../../core/text/fit_text.ts";
import { codeLines, renderChanges } from "../../core/text/render_changes.ts";
import { fixOf, renderDiagnosis, verdictLine } from "../../core/text/render_diagnosis.ts";
import { KERAS_ACTIVATIONS } from "../../ground/traits/activation_traits.ts";
import { KERAS_LAYER_TRAITS } from "../../ground/traits/keras_layers.ts";
import { LAYERS } from "../../ground/traits/layers.ts";
import { defuse, failure } from "../../ground/words/failure.ts";
import { refusal } from "../../ground/words/input_error.ts";
import { formatCount } from "../../ground/words/numbers.ts";
import { escapeControls, showWord } from "../../ground/words/show_value.ts";
import { textOptions } from "../flags/show_flags.ts";
import { version } from "../kit/command.ts";
import { UsageError } from "../kit/flag.ts";
import { writeOutput } from "../kit/write_output.ts";
import { loadPlugins } from "../load_settings.ts";
import { type Examined, examineModel } from "../measure_model.ts";
import type { FixValues } from "./fix.ts";
import { host } from "../../platform/host.ts";

/**
 * Gives the layers of a copy, written and read again, the same names as those of the model: in a
 * file, names that TensorFlow.js generated, such as `dense_Dense7`, look like given ones.
 */
export function nameAlike(model: LayersModel, copy: LayersModel): void {
  const names = new Set(
    layersOf(model).filter((layer) => automaticName(layer) !== null).map(({ name }) => name),
  );
  for (const layer of layersOf(copy)) if (names.has(layer.name)) takeForMadeUp(layer);
}

/**
 * Returns all layers, including those that wrappers were given, after which their parts are named.
 */
function layersOf(model: LayersModel): Layer[] {
  const containers = containerLayers(model);
  const given = containers.flatMap((container) => (container as { layer?: Layer }).layer ?? []);
  return [...leafLayers(model).map(({ layer }) => layer), ...containers, ...given];
}

/** Returns the initialisers that layers of a Keras file need for the weights that fixes change. */
export function kerasInitializers(fixes: readonly Fix[]): LayerInitializer[] {
  return fixes.filter(isWeightFix).flatMap((fix): LayerInitializer[] => {
    const about = (weight: FixWeight) => ({
      layer: weight.layer,
      argument: snakeCase(argumentOf(weight)),
    });
    if (fix.kind === "set-bias") {
      const initializer: LayerInitializer["initializer"] = fix.value === 0
        ? { className: "Zeros", config: {} }
        : { className: "Constant", config: { value: fix.value } };
      return fix.weights.map((weight) => ({ ...about(weight), initializer }));
    }
    if (fix.initializer === null) return [];
    const { initializer } = fix;
    return fix.weights.map((weight: Redrawn) => ({
      ...about(weight),
      initializer: inKerasConfig(initializerIn({ initializer }, weight), weight.std),
    }));
  });
}

/** Settings of Keras that make a repaired layer of TensorFlow.js differ from the stock one. */
const SETTINGS = [
  "groups",
  "keepdims",
  "maskRule",
  "negativeSlope",
  "resetAfter",
  "rmsScaling",
  "threshold",
];

/** Parts of a layer that matter here. */
interface Parts {
  activation?: { getClassName?(): string };
  cell?: Record<string, unknown>;
  alpha?: unknown;
  asKeras?: boolean;
  interpolation?: string;
}

/**
 * Lists the parts of a model that TensorFlow.js alone cannot build: layers and activations of
 * Keras, and settings that TensorFlow.js's own layers reject or ignore. Reading a model.json with
 * any of them needs this package.
 *
 * @returns Each name once: `GroupNormalization`, `squareplus`, `resetAfter of GRU`.
 */
export function beyondStock(model: LayersModel): string[] {
  const containers = containerLayers(model);
  // The parts of an attention follow from it.
  const parts = new Set(containers.flatMap((layer) => (layer as { inner?: Layer[] }).inner ?? []));
  const layers = [...leafLayers(model).map(({ layer }) => layer), ...containers];
  return [...new Set(layers.filter((layer) => !parts.has(layer)).flatMap(ofLayer))];
}

function ofLayer(layer: Layer): string[] {
  const className = layer.getClassName();
  const { activation, cell, alpha, asKeras, interpolation } = layer as unknown as Parts;
  const name = activation?.getClassName?.() ?? "";
  const isOwn = Object.hasOwn(KERAS_ACTIVATIONS, name) || name.startsWith("leakyRelu(");
  const activations = isOwn ? [name] : [];
  if (Object.hasOwn(KERAS_LAYER_TRAITS, className)) return [className, ...activations];
  if (!Object.hasOwn(LAYERS, className)) return activations;
  const settings = SETTINGS.filter((key) =>
    (layer as unknown as Record<string, unknown>)[key] || cell?.[key]
  );
  if (className === "ELU" && alpha !== 1) settings.push("alpha");
  // Both repeat whole pixels in the same way.
  const isRepeated = className === "UpSampling2D" && interpolation === "nearest";
  if (asKeras && !isRepeated) settings.push("asKeras");
  return [...activations, ...settings.map((key) => `${key} of ${className}`)];
}

/** Name of the list of changes, written beside the model. */
const LIST = "CHANGES.md";

/** Runs `fix`. */
export async function run(
  operands: string[],
  { out, plugin, trial, trialBudget, columns, ...flags }: FixValues,
): Promise<number> {
  const [model = null] = operands;
  if (out !== null) await claimFolder(out, model);
  await loadPlugins(plugin);
  const request = {
    model,
    ...flags,
    examination: { trial, trialBudget, rules: null, trained: null, histograms: false },
  };
  let copy: Copy | null = null;
  const examination = await examineModel(request, {
    tells: !flags.quiet,
    async andThen(examined) {
      const isCurable = examined.examination.fixes.some(isWeightFix);
      if (out !== null && isCurable) copy = await writeCopy(examined, { model, out });
    },
  });
  await strayErrors.settle();
  const style = textOptions({ columns, unicode: false, ascii: false }, null);
  const { lines, isHealthy } = outcome(examination, copy, { out, style });
  await writeOutput(`${lines.map(defuse).join("\n")}\n`, null);
  return isHealthy ? 0 : 1;
}

/**
 * Checks, before anything is measured, that the folder can be written, and is not that of the
 * model.
 */
async function claimFolder(out: string, model: string | null): Promise<void> {
  const place = (path: string) => host.stat(path).catch(() => null);
  const own = await place(out);
  const other = model === null ? null : await place(folderOf(model));
  if (own?.ino && own.ino === other?.ino && own.dev === other.dev) {
    throw new UsageError(
      refusal`--out is ${showWord(out)}, the folder of the model, expected another one`,
    );
  }
  await using _claimed = await NewFolder.open(out);
}

/** Fixed copy of a model. */
interface Copy {
  /** Diagnosis of the copy. */
  diagnosis: Diagnosis;
  /** Names of the weights that differ from those of the model, then the number of all weights. */
  changed: string[];
  weights: number;
  /** Parts of the model that TensorFlow.js does not load by itself. */
  beyond: string[];
  /** Files written, the model file first; `null` if the problem remains. */
  files: string[] | null;
}

/** Writes a fixed copy, reads it again, measures it, and keeps it only if it is healthier. */
async function writeCopy(
  { tf, model, batch, options, examination }: Examined,
  { model: path, out }: { model: string | null; out: string },
): Promise<Copy> {
  const { changed } = applyFixes(model, examination.fixes);
  await using folder = await NewFolder.open(out);
  const files = await filesOf(tf, model, { path, fixes: examination.fixes });
  await folder.write(files);
  const own = files.at(-1)!.path;
  const written = await readAgain(`${folder.temporary}/${own}`, out, model);
  const wasTrained = examination.trial !== null && !("skipped" in examination.trial);
  const trial = options.trial === "auto" && wasTrained ? "always" : options.trial;
  const after = await examine(written, batch, { ...options, trial })
    .finally(() => written.dispose());
  const weights = modelWeights(model).length;
  const { diagnosis } = after;
  // TensorFlow.js reads neither Keras files nor programs of PyTorch.
  const isOther = path !== null && (isKerasFile(path) || isProgramFile(path));
  const beyond = isOther ? [] : beyondStock(model);
  if (!isFixed(examination.diagnosis, diagnosis)) {
    return { diagnosis, changed, weights, beyond, files: null };
  }
  const name = path ?? "the exercise's network";
  const changes = { name, version: version(), before: examination, after, changed, weights };
  await folder.write([{ path: LIST, bytes: new TextEncoder().encode(renderChanges(changes)) }]);
  await folder.publish(own);
  const names = [own, ...files.slice(0, -1).map(({ path }) => path), LIST];
  return { diagnosis, changed, weights, beyond, files: names };
}

/** Returns the files of a copy in the format of the model, the model file last. */
async function filesOf(
  tf: TensorFlow,
  model: LayersModel,
  { path, fixes }: { path: string | null; fixes: Examination["fixes"] },
): Promise<NewFile[]> {
  if (path !== null && isKerasFile(path)) {
    return [await rewriteKeras(model, path, kerasInitializers(fixes))];
  }
  if (path !== null && isProgramFile(path)) {
    const { rewriteProgram } = await import("../../torch/program/load_program.ts");
    return [await rewriteProgram(model, path)];
  }
  return await modelFiles(tf, model, path !== null && isJsonFile(path) ? path : null);
}

/**
 * Loads the copy from its file and compiles it like the model, since the file does not hold what
 * code compiled.
 */
async function readAgain(path: string, out: string, model: LayersModel): Promise<LayersModel> {
  const loaded = await loadModel(path).catch((error) => {
    const own = path.slice(path.lastIndexOf("/") + 1);
    const reason = failure(error).replace(`${path}: `, "");
    throw new ModelError(`${out}: the model cannot be read again as a ${own}: ${reason}`, {
      cause: error,
    });
  });
  const { model: written } = loaded;
  written.name = model.name;
  nameAlike(model, written);
  const { optimizer, loss } = model;
  if (loss !== undefined && written.loss === undefined) written.compile({ optimizer, loss });
  return written;
}

/**
 * Returns true if every cause whose fix changed a weight is gone, and there are fewer errors than
 * before.
 */
function isFixed(before: Diagnosis, after: Diagnosis): boolean {
  const treated = before.causes.filter(({ tried, fixes }) =>
    tried?.worked && fixes.every(isWeightFix)
  );
  return treated.every((cause) => isGone(cause, after)) && errorsOf(after) < errorsOf(before);
}

/** Returns the lines about the fix, and the final verdict on the network. */
function outcome(
  { diagnosis, measurements: { layers } }: Examination,
  copy: Copy | null,
  { out, style }: { out: string | null; style: { width: number; color: boolean } },
): { lines: string[]; isHealthy: boolean } {
  const say = (text: string) => wrapText(escapeControls(text), style.width, "", "  ");
  const written = copy?.files ?? null;
  const last = written === null ? diagnosis : copy!.diagnosis;
  const code = diagnosis.causes.filter(({ severity }) => severity === "error")
    .flatMap(({ fixes, tried }) => codeLines(fixOf(fixes, tried)));
  return {
    lines: [
      ...renderDiagnosis(diagnosis, layers, style),
      "",
      ...code.length === 0 ? [] : ["Code to paste:", ...code.map((line) => `  ${line}`), ""],
      ...written === null ? [] : [
        ...say(`Changed ${copy!.changed.length} of ${formatCount(copy!.weights, "weight")}.`),
        ...say(`Wrote into ${out}: ${written.join(", ")}.`),
        ...copy!.beyond.length === 0 ? [] : say(
          `Read ${
            written[0]
          } with loadModel() of this package: TensorFlow.js by itself refuses or ignores ${
            copy!.beyond.join(", ")
          }.`,
        ),
      ],
      ...written === null || !isFailing(last.verdict)
        ? []
        : ["", "Problems left in the copy:", ...renderDiagnosis(last, layers, style), ""],
      ...say(
        `${verdictLine(last, { ...style, color: false })}: ${
          written === null
            ? whyNotWritten(diagnosis, copy, out)
            : `measured again from ${out}/${written[0]}${
              !isFailing(last.verdict) || !leavesCode(diagnosis) ? "" : `; ${LEFT}, see ${LIST}`
            }`
        }`,
      ),
    ],
    isHealthy: !isFailing(last.verdict),
  };
}

/** Text for what no copy can fix. */
const LEFT = "changes of the code are left to you";

/** Returns true if a fix that worked is not in the weights alone. */
function leavesCode({ causes }: Diagnosis): boolean {
  return causes.some(({ tried, fixes }) => tried?.worked && !fixes.every(isWeightFix));
}

/** Returns the reason that no copy was written, as the end of a sentence. */
function whyNotWritten(diagnosis: Diagnosis, copy: Copy | null, out: string | null): string {
  if (!isFailing(diagnosis.verdict)) return "no error to fix, nothing written";
  if (copy !== null) {
    const left = `${errorsOf(copy.diagnosis)} of ${formatCount(errorsOf(diagnosis), "error")}`;
    return `nothing written, as the weights alone would leave ${left}`;
  }
  const worked = diagnosis.causes.filter(({ tried }) => tried?.worked);
  if (worked.length === 0) {
    const isTried = diagnosis.causes.some(({ tried }) => tried !== undefined);
    return `nothing written, as ${isTried ? "no fix worked" : "there is no fix to try"}`;
  }
  if (worked.some(({ fixes }) => fixes.some(isWeightFix)) && out === null) {
    return leavesCode(diagnosis)
      ? `--out DIR writes a copy with its weights fixed; ${LEFT}`
      : "--out DIR writes a fixed copy";
  }
  return "nothing written, as the fix is not in the weights";
}
