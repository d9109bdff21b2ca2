import type * as tfjs from "@tensorflow/tfjs";
import type { Layer } from "../tensorflow.ts";
import { kerasLayer } from "./keras_layer.ts";

type AddWeight = (this: Layer, name: string, ...rest: unknown[]) => tfjs.LayerVariable;

/** Private members of TensorFlow.js's layers. */
interface Guarded {
  addWeight: AddWeight;
  fastWeightInitDuringBuild: boolean;
}

/**
 * Layer that consists of others and computes nothing itself: its weights, penalties and figures are
 * those of its inner layers, which are measured one by one. The registered traits of its class say
 * `container`.
 */
export const createCompositeLayer = kerasLayer((tf) =>
  class CompositeLayer extends tf.layers.Layer {
    static className = "CompositeLayer";
    /**
     * Inner layers in the order in which they run, by the names of Keras's attributes. Layers named
     * `""` save their weights as the outer layer's own.
     */
    innerLayers: Record<string, Layer> = {};

    get inner(): Layer[] {
      return Object.values(this.innerLayers);
    }

    /** Adds an inner layer and builds it. Returns its output shape. */
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
      // Two inner layers may each have a kernel, so the inner layer's name is part of the weight's.
      const { addWeight } = guarded;
      guarded.addWeight = function (name, ...rest) {
        return addWeight.call(this, key === "" ? name : `${layer.name}/${name}`, ...rest);
      };
      layer.build(shape);
      // Restores the method of the class.
      delete (guarded as Partial<Guarded>).addWeight;
      layer.built = true;
      return this.shapeOfInner(key, shape);
    }

    /** Returns the output shape of an inner layer for an input shape. */
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
