import { ModelError } from "../../core/model/model_error.ts";
import { showValue } from "../../ground/words/show_value.ts";
import type { Json, KnownAs } from "./topology_json.ts";

const TEXT = "text is not preprocessed here. Save the model behind it, which takes numbers: " +
  "keras.Model(layer_behind.input, model.output)";
const FOREIGN = "it holds code of another framework, expected its layers, or a class that " +
  "--register FILE supplies";
const SOUND = "spectra are not supported: save the part of the model after this layer";
const PICTURE =
  "the layer also changes pictures outside of training: save the part of the model after this layer";

/** Keras layers that this program does not run: the reason, and what to do about it. */
const REASONS: Readonly<Record<string, string>> = {
  AutoContrast: PICTURE,
  ConvLSTM1D:
    "TensorFlow.js convolves only states of pictures, expected a ConvLSTM2D with pictures of one row, or " +
    "a class of that name that --register FILE supplies",
  ConvLSTM3D:
    "TensorFlow.js convolves only states of pictures, expected a ConvLSTM2D, or a class of that name " +
    "that --register FILE supplies",
  ContrastLimitedAdaptiveHistogramEqualization: PICTURE,
  CutMix: PICTURE,
  FlaxLayer: FOREIGN,
  HashedCrossing: TEXT,
  IntegerLookup: "its table is not a weight. Save the model behind it: " +
    "keras.Model(layer_behind.input, model.output)",
  JaxLayer: FOREIGN,
  Lambda: "it holds code of Python, expected a class of that name that --register FILE supplies " +
    "(a module that exports register({ tf }))",
  MaxNumBoundingBoxes: PICTURE,
  MelSpectrogram: SOUND,
  MixUp: PICTURE,
  Pipeline: PICTURE,
  RandomCrop: PICTURE,
  STFTSpectrogram: SOUND,
  ReversibleEmbedding:
    "it is called a second time, in reverse, to make logits of its own table, expected " +
    "an Embedding and a Dense for the head, or a class of that name that --register FILE supplies",
  StringLookup: TEXT,
  TFSMLayer: FOREIGN,
  TextVectorization: TEXT,
  TorchModuleWrapper: FOREIGN,
};

/**
 * Returns the reason why a Keras layer is rejected, and what is expected instead; `null` for other
 * classes.
 */
export function refusedLayer(className: string): string | null {
  return Object.hasOwn(REASONS, className) ? REASONS[className] : null;
}

/**
 * Makes the error for an unknown class in a file: the reason why it is not supported, if there is
 * one, or how to supply it.
 */
export function unknownClass(className: unknown, place: string): ModelError {
  const reason = typeof className === "string" ? refusedLayer(className) : null;
  if (reason !== null) {
    return new ModelError({
      place: `${place}.class_name`,
      found: showValue(className),
      expected: "a class that is run",
      meant: `, which is not run: ${reason}`,
    });
  }
  return new ModelError({
    place: `${place}.class_name`,
    found: `${showValue(className)}, a class that TensorFlow.js does not have`,
    expected:
      "one that it has or that --register FILE supplies (a module that exports register({ tf }))",
  });
}

/** Rejects a model of a custom class, whose file holds constructor arguments instead of layers. */
export function requireSomeLayers(model: Json, place: string, knownAs: KnownAs): void {
  const name = model.class_name as string;
  const hasLayers = Array.isArray(model.config) || Array.isArray(Object(model.config).layers);
  if (hasLayers || knownAs(name) !== null) return;
  throw new ModelError({
    place: `${place}.class_name`,
    found: showValue(name),
    expected: "a model with its layers",
    meant:
      ", a model of a custom class: the file holds its hyperparameters and no layers. Save a " +
      "functional model of the same layers: x = keras.Input(shape), keras.Model(x, model.call(x))",
  });
}
