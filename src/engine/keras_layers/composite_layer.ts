import type * as tfjs from "@tensorflow/tfjs";
import type { Layer } from "../tensorflow.ts";
import { kerasLayer } from "./keras_layer.ts";

type AddWeight = (this: Layer, name: string, ...rest: unknown[]) => tfjs.LayerVariable;

/** What TensorFlow.js keeps to itself. */
interface Guarded {
  addWeight: AddWeight;
  fastWeightInitDuringBuild: boolean;
}

/**
 * A layer that is made of others and computes nothing itself: its weights, penalties and figures are those of
 * its inner layers, which are measured one by one. Registered traits of its class say `container`.
 */
export const createCompositeLayer = kerasLayer((tf) =>
  class CompositeLayer extends tf.layers.Layer {
    static className = "CompositeLayer";
    /**
     * The layers that it is made of, in the order in which they run, by the names that Keras's attributes have.
     * Those of the name `""` keep their weights where Keras keeps the layer's own.
     */
    innerLayers: Record<string, Layer> = {};

    get inner(): Layer[] {
      return Object.values(this.innerLayers);
    }

    /** Takes an inner layer in, and builds it. Returns the shape that it makes of that. */
    protected addInner(
      key: string,
      layer: Layer,
      shape: tfjs.Shape | tfjs.Shape[],
    ): tfjs.Shape {
      this.innerLayers[key] = layer;
      if (!this.trainable) layer.trainable = false;
      const guarded = layer as unknown as Guarded;
      layer.setFastWeightInitDuringBuild(
        (this as unknown as Guarded).fastWeightInitDuringBuild,
      );
      // Two inner layers have a kernel each: the layer's name belongs to it.
      const { addWeight } = guarded;
      guarded.addWeight = function (name, ...rest) {
        return addWeight.call(this, key === "" ? name : `${layer.name}/${name}`, ...rest);
      };
      layer.build(shape);
      // The method is that of the class again.
      delete (guarded as Partial<Guarded>).addWeight;
      layer.built = true;
      return this.shapeOfInner(key, shape);
    }

    /** The shape that an inner layer makes of another. */
    protected shapeOfInner(key: string, shape: tfjs.Shape | tfjs.Shape[]): tfjs.Shape {
      return this.innerLayers[key].computeOutputShape(shape) as tfjs.Shape;
    }

    override get trainable(): boolean {
      return super.trainable;
    }

    override set trainable(trainable: boolean) {
      super.trainable = trainable;
      for (const layer of this.inner) layer.trainable = trainable;
    }

    override get trainableWeights(): tfjs.LayerVariable[] {
      return this.trainable ? this.inner.flatMap((layer) => layer.trainableWeights) : [];
    }

    override get nonTrainableWeights(): tfjs.LayerVariable[] {
      return this.inner.flatMap((layer) =>
        this.trainable ? layer.nonTrainableWeights : layer.weights
      );
    }

    override get losses() {
      return this.inner.flatMap((layer) => layer.losses);
    }
  }
);
