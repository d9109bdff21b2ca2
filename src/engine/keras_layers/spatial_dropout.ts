import type { Tensor, TensorFlow } from "../tensorflow.ts";
import { type KerasLayer, kerasLayer, type KerasLayerFactory } from "./keras_layer.ts";
import { type DataFormat, spaceAxes } from "./space_axes.ts";
import { stockClass } from "./stock_class.ts";

/** Arguments of a SpatialDropout2D and a SpatialDropout3D. */
export interface SpatialDropoutArgs
  extends Omit<Parameters<TensorFlow["layers"]["dropout"]>[0], "noiseShape"> {
  /** Position of the channels. Default: `channelsLast`. */
  dataFormat?: DataFormat;
}

/** Defines dropout of whole channels. TensorFlow.js only has SpatialDropout1D. */
function define(tf: TensorFlow, axes: 2 | 3): KerasLayer<SpatialDropoutArgs> {
  const Dropout = stockClass<unknown, [SpatialDropoutArgs]>(tf, "Dropout");
  return class extends Dropout {
    static className = `SpatialDropout${axes}D`;
    readonly dataFormat: DataFormat;

    constructor(args: SpatialDropoutArgs) {
      super(args);
      this.dataFormat = args.dataFormat ?? "channelsLast";
      this.inputSpec = [{ ndim: axes + 2 }];
    }

    /** Called by `Dropout`: size 1 for an axis whose entries are dropped together. */
    getNoiseShape({ shape }: Tensor): number[] {
      const space = spaceAxes(shape.length, this.dataFormat);
      return shape.map((size, axis) => space.includes(axis) ? 1 : size);
    }

    override getConfig() {
      return { ...super.getConfig(), dataFormat: this.dataFormat };
    }
  };
}

/** SpatialDropout2D: drops whole maps of a picture. */
export const createSpatialDropout2D: KerasLayerFactory<SpatialDropoutArgs> = kerasLayer((tf) =>
  define(tf, 2)
);

/** SpatialDropout3D: drops whole maps of a volume. */
export const createSpatialDropout3D: KerasLayerFactory<SpatialDropoutArgs> = kerasLayer((tf) =>
  define(tf, 3)
);
