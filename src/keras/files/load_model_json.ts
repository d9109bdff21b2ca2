import type { TensorFlow } from "../../engine/tensorflow.ts";
import type { LoadedModel, LoadModelOptions } from "../../core/model/loaded_model.ts";
import { ModelError } from "../../core/model/model_error.ts";
import { readJson } from "../../files/read_json.ts";
import { folderOf } from "../../files/user_file.ts";
import { parseWeightsManifest } from "../../files/weights_manifest.ts";
import { refusal } from "../../ground/words/input_error.ts";
import { formatMemory } from "../../ground/words/numbers.ts";
import { showValue } from "../../ground/words/show_value.ts";
import { compileAsSaved } from "../compile_as_saved.ts";
import { buildModel, modelOfFile } from "../topology/build_model.ts";
import { convertTopology } from "../topology/convert_topology.ts";
import { knownClasses } from "../topology/known_classes.ts";
import { loadWeights, locateGroups } from "../topology/load_weights.ts";
import { isTopology } from "../topology/topology_json.ts";

/** Weights and as much again for their gradients have to fit into the 4 GiB of the WASM heap. */
const MAX_ENTRIES = 2 ** 29;

/**
 * Loads a TensorFlow.js layers model from disk. The file is data: nothing outside its folder is
 * read, none of it runs, and it gets no more memory than the weights it declares.
 *
 * @param path The model.json.
 * @param options Seed for weights if the file holds only layers, and the callback before weights
 * are read.
 * @throws {ModelError} If it is not such a model.
 */
export async function loadModelJson(
  tf: TensorFlow,
  path: string,
  { seed, beforeWeights }: Required<Pick<LoadModelOptions, "seed" | "beforeWeights">>,
): Promise<LoadedModel> {
  const json = await readJson(path, ModelError);
  try {
    if (isTopology(json)) {
      const { loadTopology } = await import("./load_topology.ts");
      return await loadTopology(tf, path, json, { seed, beforeWeights });
    }
    const { modelTopology, weightsManifest } = requireLayersModel(json);
    const topology = convertTopology(modelTopology, await knownClasses(tf, modelTopology));
    const groups = parseWeightsManifest(weightsManifest);
    const declared = groups.flatMap(({ specs }) => specs)
      .filter((spec) => spec.group !== "optimizer")
      .reduce((sum, spec) => sum + spec.count, 0);
    if (declared > MAX_ENTRIES) {
      throw new ModelError({
        place: "weightsManifest",
        verb: "declares",
        found: `${formatMemory(declared * 4)} of weights`,
        expected: "at most 2 GiB",
        hint: ": weights and their gradients have to fit into the engine's 4 GiB",
      });
    }
    const located = await locateGroups(folderOf(path), groups);
    const { model, discard } = buildModel(tf, topology, {
      declared,
      declares: "that weightsManifest declares for the whole model",
    });
    try {
      beforeWeights(model, declared);
      await loadWeights(tf, model, located);
      compileAsSaved(tf, model, json as Record<string, unknown>);
    } catch (error) {
      discard();
      throw error;
    }
    return modelOfFile(path, "json", model, topology);
  } catch (error) {
    if (error instanceof ModelError) error.within(path);
    throw error;
  }
}

function requireLayersModel(json: unknown): Record<string, unknown> {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new ModelError(refusal`The file holds ${showValue(json)}, expected a layers model`);
  }
  const model = json as Record<string, unknown>;
  const { format, modelTopology } = model;
  if (format === "graph-model" || Object(modelTopology).node !== undefined) {
    throw new ModelError({
      place: "The file",
      verb: "holds",
      found: "a graph model, which has no layers to measure",
      expected: "a layers model (convert the Keras model with --output_format=tfjs_layers_model)",
    });
  }
  if (format !== undefined && format !== null && format !== "layers-model") {
    throw new ModelError(refusal`format is ${showValue(format)}, expected "layers-model"`);
  }
  if (modelTopology === undefined) {
    if ("weight_map" in model) {
      throw new ModelError({
        place: "The file",
        verb: "lists",
        found: "the parts of a Hugging Face model",
        expected: "a layers model, or one of the parts",
        hint: ": report and check judge its weights",
      });
    }
    if ("model_type" in model || "architectures" in model) {
      throw new ModelError({
        place: "The file",
        verb: "holds",
        found: "the settings of a Hugging Face model",
        expected: "a layers model, or the weights beside it, such as model.safetensors",
        hint: ": report and check judge them",
      });
    }
    throw new ModelError(
      "engine" in model && "layers" in model
        ? refusal`The file holds a JSON report, expected a layers model`
        : refusal`"modelTopology" is missing, expected a layers model`,
    );
  }
  return model;
}
