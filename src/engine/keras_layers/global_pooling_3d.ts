import { oneTensor } from "../layers/layer_repair.ts";
import type { Tensor, TensorFlow } from "../tensorflow.ts";
import {
  type KerasLayer,
  kerasLayer,
  type KerasLayerFactory,
  type LayerArgs,
} from "./keras_layer.ts";
import { oneShape, type OpenShape } from "./one_shape.ts";
import { type DataFormat, spaceAxes } from "./space_axes.ts";

/** Arguments of a GlobalAveragePooling3D and a GlobalMaxPooling3D. */
export interface GlobalPooling3DArgs extends LayerArgs {
  /** Position of the channels. Default: `channelsLast`. */
  dataFormat?: DataFormat;
  /** True to keep the spatial axes, with one entry each. Default: false. */
  keepdims?: boolean;
}

function define(tf: TensorFlow, kind: "Average" | "Max"): KerasLayer<GlobalPooling3DArgs> {
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
) => define(tf, "Average"));

/** GlobalMaxPooling3D: the largest entry of each channel of a volume. */
export const createGlobalMaxPooling3D: KerasLayerFactory<GlobalPooling3DArgs> = kerasLayer((tf) =>
  define(tf, "Max")
);
