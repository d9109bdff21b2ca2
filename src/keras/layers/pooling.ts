import { oneTensor } from "../../engine/repairs/layer_repair.ts";
import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import {
  type KerasLayer,
  kerasLayer,
  type KerasLayerFactory,
  type LayerArgs,
  oneShape,
  type OpenShape,
} from "../../engine/keras_layer.ts";
import { type DataFormat, spaceAxes } from "./spatial.ts";

/** Arguments of adaptive pooling. */
export interface AdaptivePoolingArgs extends LayerArgs {
  /** Size of each spatial axis after pooling: one number for all axes, or one for each. */
  outputSize: number | number[];
  /** Position of the channels. Default: `channelsLast`. */
  dataFormat?: DataFormat;
}

function defineAdaptivePooling(
  tf: TensorFlow,
  kind: "Average" | "Max",
  rank: 1 | 2 | 3,
): KerasLayer<AdaptivePoolingArgs> {
  return class extends tf.layers.Layer {
    static className = `Adaptive${kind}Pooling${rank}D`;
    readonly outputSize: number[];
    readonly dataFormat: DataFormat;

    constructor(args: AdaptivePoolingArgs) {
      super(args);
      const { outputSize, dataFormat = "channelsLast" } = args;
      this.outputSize = Array.isArray(outputSize) ? outputSize : Array(rank).fill(outputSize);
      this.dataFormat = dataFormat;
      this.inputSpec = [{ ndim: rank + 2 }];
    }

    override computeOutputShape(inputShape: OpenShape | OpenShape[]): OpenShape {
      const shape = oneShape(inputShape);
      const space = spaceAxes(shape.length, this.dataFormat);
      return shape.map((size, axis) =>
        space.includes(axis) ? this.outputSize[axis - space[0]] : size
      );
    }

    override call(inputs: Tensor | Tensor[]): Tensor {
      return tf.tidy(() => {
        const x = oneTensor(inputs);
        // The mean of a box is the mean of its means along one axis, likewise the maximum: so pool
        // axis by axis.
        return spaceAxes(x.rank, this.dataFormat).reduce(
          (y, axis, i) => this.#along(y, axis, this.outputSize[i]),
          x,
        );
      });
    }

    /**
     * Pools windows of about equal size, which begin and end at the nearest entry outwards: they
     * may overlap.
     */
    #along(x: Tensor, axis: number, count: number): Tensor {
      const size = x.shape[axis];
      const pool = kind === "Average" ? tf.mean : tf.max;
      const parts = Array.from({ length: count }, (_, i) => {
        const from = Math.floor(i * size / count);
        const begin = x.shape.map((_, k) => k === axis ? from : 0);
        const length = Math.ceil((i + 1) * size / count) - from;
        const window = tf.slice(x, begin, x.shape.map((all, k) => k === axis ? length : all));
        return pool(window, axis, true) as Tensor;
      });
      return tf.concat(parts, axis);
    }

    override getConfig() {
      const { outputSize, dataFormat } = this;
      return { ...super.getConfig(), outputSize, dataFormat };
    }
  };
}

const factory = (
  kind: "Average" | "Max",
  rank: 1 | 2 | 3,
): KerasLayerFactory<AdaptivePoolingArgs> =>
  kerasLayer((tf) => defineAdaptivePooling(tf, kind, rank));

/** Classes of adaptive pooling, by name. */
export interface AdaptivePoolings<Layer = KerasLayer<AdaptivePoolingArgs>> {
  /** Averages a fixed number of windows of a sequence. */
  readonly AdaptiveAveragePooling1D: Layer;
  /** Averages a fixed number of windows of a picture. */
  readonly AdaptiveAveragePooling2D: Layer;
  /** Averages a fixed number of windows of a volume. */
  readonly AdaptiveAveragePooling3D: Layer;
  /** Takes the maximum of each of a fixed number of windows of a sequence. */
  readonly AdaptiveMaxPooling1D: Layer;
  /** Takes the maximum of each of a fixed number of windows of a picture. */
  readonly AdaptiveMaxPooling2D: Layer;
  /** Takes the maximum of each of a fixed number of windows of a volume. */
  readonly AdaptiveMaxPooling3D: Layer;
}

/** Pooling that divides an input of any size into a given number of windows. */
export const ADAPTIVE_POOLINGS: AdaptivePoolings<KerasLayerFactory<AdaptivePoolingArgs>> = {
  AdaptiveAveragePooling1D: factory("Average", 1),
  AdaptiveAveragePooling2D: factory("Average", 2),
  AdaptiveAveragePooling3D: factory("Average", 3),
  AdaptiveMaxPooling1D: factory("Max", 1),
  AdaptiveMaxPooling2D: factory("Max", 2),
  AdaptiveMaxPooling3D: factory("Max", 3),
};

/** Arguments of a GlobalAveragePooling3D and a GlobalMaxPooling3D. */
export interface GlobalPooling3DArgs extends LayerArgs {
  /** Position of the channels. Default: `channelsLast`. */
  dataFormat?: DataFormat;
  /** True to keep the spatial axes, with one entry each. Default: false. */
  keepdims?: boolean;
}

function defineGlobalPooling3D(
  tf: TensorFlow,
  kind: "Average" | "Max",
): KerasLayer<GlobalPooling3DArgs> {
  return class extends tf.layers.Layer {
    static className = `Global${kind}Pooling3D`;
    readonly dataFormat: DataFormat;
    readonly keepdims: boolean;

    constructor(args: GlobalPooling3DArgs = {}) {
      super(args);
      this.dataFormat = args.dataFormat ?? "channelsLast";
      this.keepdims = args.keepdims ?? false;
      this.inputSpec = [{ ndim: 5 }];
    }

    override computeOutputShape(inputShape: OpenShape | OpenShape[]): OpenShape {
      const shape = oneShape(inputShape);
      const space = spaceAxes(shape.length, this.dataFormat);
      return this.keepdims
        ? shape.map((size, axis) => space.includes(axis) ? 1 : size)
        : shape.filter((_, axis) => !space.includes(axis));
    }

    override call(inputs: Tensor | Tensor[]): Tensor {
      const x = oneTensor(inputs);
      const pool = kind === "Average" ? tf.mean : tf.max;
      return pool(x, spaceAxes(x.rank, this.dataFormat), this.keepdims);
    }

    override getConfig() {
      const { dataFormat, keepdims } = this;
      return { ...super.getConfig(), dataFormat, keepdims };
    }
  };
}

/** GlobalAveragePooling3D: the mean of each channel of a volume. */
export const createGlobalAveragePooling3D: KerasLayerFactory<GlobalPooling3DArgs> = kerasLayer((
  tf,
) => defineGlobalPooling3D(tf, "Average"));

/** GlobalMaxPooling3D: the largest entry of each channel of a volume. */
export const createGlobalMaxPooling3D: KerasLayerFactory<GlobalPooling3DArgs> = kerasLayer((tf) =>
  defineGlobalPooling3D(tf, "Max")
);
