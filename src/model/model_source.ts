import type { LayersModel } from "../engine/tensorflow.ts";
import { nearest } from "../words/nearest.ts";
import { showValue } from "../words/show_value.ts";
import { ModelError } from "./model_error.ts";
import type { ModelModule } from "./user_code/model_module.ts";
import { looksLikeModel } from "./require_model.ts";
import { refusal } from "../words/input_error.ts";

/** Export of a module that is the model, or creates it. */
export interface ModelSource {
  /** Name of the export. */
  name: string;
  /** True if it is a model, or the promise of one: the seed does not affect it. */
  isBuilt: boolean;
  create: ModelModule["createModel"];
}

const EXPECTED = "a function createModel({ tf, seed }), a model, or one of the two as default";

/**
 * Chooses the export of a module that is the model: `createModel`, `model`, or a default that is
 * either.
 *
 * @throws {ModelError} If there is none, or two different ones.
 */
export function modelSource(path: string, module: Record<string, unknown>): ModelSource {
  const { createModel, model, default: other } = module;
  if (createModel !== undefined) {
    if (typeof createModel === "function") return creating("createModel", createModel);
    throw new ModelError(
      refusal`${path}: createModel is ${showValue(createModel)}, expected a function`,
    );
  }
  const ofDefault = defaultSource(other);
  if (model === undefined) {
    if (ofDefault !== null) return ofDefault;
    const names = Object.keys(module).map((name) => showValue(name));
    const exported = names.length === 0 ? "nothing" : names.join(", ");
    throw new ModelError(`${path}: it exports ${exported}, expected ${EXPECTED}${hintOn(module)}`);
  }
  if (typeof model === "function") {
    throw new ModelError(
      refusal`${path}: model is a function, expected a model: rename it to createModel`,
    );
  }
  if (ofDefault !== null && other !== model) {
    throw new ModelError(
      `${path}: both model and default could be the model, expected one of them`,
    );
  }
  return built("model", model);
}

const creating = (name: string, create: unknown): ModelSource => ({
  name,
  isBuilt: false,
  create: create as ModelSource["create"],
});

const built = (name: string, model: unknown): ModelSource => ({
  name,
  isBuilt: true,
  create: () => model as LayersModel,
});

/** Returns the default export as the model's source; `null` if it is neither model nor function. */
function defaultSource(value: unknown): ModelSource | null {
  if (typeof value === "function") return creating("default", value);
  return isModelOrPromise(value) ? built("default", value) : null;
}

const isModelOrPromise = (value: unknown) =>
  looksLikeModel(value) || typeof Object(value).then === "function";

/** Returns a hint on the export that was meant as createModel. */
function hintOn(module: Record<string, unknown>): string {
  const names = Object.keys(module);
  const functions = names.filter((name) => typeof module[name] === "function");
  const near = names.find((name) => nearest(name, ["createModel"]) !== "") ??
    (functions.length === 1 ? functions[0] : undefined);
  if (near !== undefined) return `: rename ${showValue(near)} to createModel`;
  const model = names.find((name) => looksLikeModel(module[name]));
  return model === undefined ? "" : `: rename ${showValue(model)} to model`;
}
