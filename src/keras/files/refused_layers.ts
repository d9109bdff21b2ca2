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
