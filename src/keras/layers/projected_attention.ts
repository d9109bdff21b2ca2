import type { Layer, Tensor } from "../../engine/tensorflow.ts";
import {
  attentionMask,
  type AttentionProductArgs,
  createAttentionContext,
  createAttentionScores,
  createAttentionWeights,
  expandMask,
} from "./attention.ts";
import { createEinsumDense, type EinsumSettings } from "./einsum_dense.ts";
import {
  type CallArgs,
  createCompositeLayer,
  inputsByName,
  kerasLayer,
  type LayerArgs,
  layerParts,
  type WeightArgs,
} from "./keras_layer.ts";
import type * as tfjs from "@tensorflow/tfjs";

/** Common arguments of the attentions with kernels. */
export interface ProjectedAttentionArgs extends LayerArgs, WeightArgs, CallArgs {
  /** Fraction of the weights that is dropped in training. Default: 0. */
  dropout?: number;
  /** True if queries, keys, values and outputs have biases. Default: true. */
  useBias?: boolean;
  /**
   * True if the outputs of the heads are multiplied by a sigmoid of the queries. Default: false.
   */
  useGate?: boolean;
  /** Distance below which a key is visible to its query. Default: unlimited. */
  slidingWindow?: number | null;
}

/** Kernels and products of a specific attention. */
export interface AttentionPlan {
  query: EinsumSettings;
  key: EinsumSettings;
  value: EinsumSettings;
  gate: EinsumSettings;
  output: EinsumSettings;
  scores: AttentionProductArgs;
  context: AttentionProductArgs;
  /**
   * True if an explicit mask tensor counts for the queries. In MultiHeadAttention, Keras 3.15
   * replaces it with the mask that comes with the queries.
   */
  takesQueryMask: boolean;
  /** Number of axes of the keys. */
  keyAxes: number;
  /** True if Keras computes it with a fused op, whose softmax differs if all keys are masked. */
  isFused: boolean;
}

/** Arguments that are masks. */
const MASKS = ["queryMask", "valueMask", "keyMask"] as const;

/**
 * Attention that projects queries, keys and values, lets each head attend, and projects the result.
 */
export const createProjectedAttention = kerasLayer((tf) => {
  const EinsumDense = createEinsumDense(tf);

  return class ProjectedAttention extends createCompositeLayer(tf) {
    static override className = "ProjectedAttention";
    readonly settings:
      & Required<
        Pick<ProjectedAttentionArgs, "dropout" | "useBias" | "useGate" | "useCausalMask">
      >
      & Pick<ProjectedAttentionArgs, "slidingWindow" | "calledWith" | "returnAttentionScores">;
    readonly #parts: ReturnType<typeof layerParts>;
    #keyAxes = 1;
    #takesQueryMask = true;

    constructor(args: ProjectedAttentionArgs) {
      super(args);
      this.settings = {
        dropout: args.dropout ?? 0,
        useBias: args.useBias ?? true,
        useGate: args.useGate ?? false,
        slidingWindow: args.slidingWindow ?? null,
        useCausalMask: args.useCausalMask ?? false,
        returnAttentionScores: args.returnAttentionScores ?? false,
        ...args.calledWith == null ? {} : { calledWith: args.calledWith },
      };
      this.#parts = layerParts(tf, args);
      this.supportsMasking = true;
    }

    /** Returns a subclass's plan for inputs of these shapes. */
    plan(_query: tfjs.Shape, _value: tfjs.Shape, _key: tfjs.Shape): AttentionPlan {
      throw new Error(`${this.getClassName()} has no plan`);
    }

    #project(name: string, settings: EinsumSettings, activation?: "sigmoid"): Layer {
      const { kernelInitializer, biasInitializer, ...held } = this.#parts;
      return new EinsumDense({
        ...settings,
        name,
        activation,
        biasAxes: this.settings.useBias ? settings.biasAxes : null,
        kernelInitializer,
        biasInitializer,
        kernelRegularizer: held.kernelRegularizer,
        biasRegularizer: held.biasRegularizer,
        kernelConstraint: held.kernelConstraint,
        biasConstraint: held.biasConstraint,
      });
    }

    override build(shapes: tfjs.Shape | tfjs.Shape[]) {
      const { query, value, key = value } = this.#shapes(shapes);
      const plan = this.plan(query, value, key);
      const { dropout, useGate } = this.settings;
      this.#keyAxes = plan.keyAxes;
      this.#takesQueryMask = plan.takesQueryMask;
      const project = (to: string, name: string, of: keyof AttentionPlan, shape: tfjs.Shape) => {
        const activation = name === "gate" ? "sigmoid" : undefined;
        const layer = this.#project(name, plan[of] as EinsumSettings, activation);
        return this.addInner(to, layer, shape);
      };
      const queries = project("query_dense", "query", "query", query);
      const keys = project("key_dense", "key", "key", key);
      const gates = useGate ? project("gate_dense", "gate", "gate", query) : null;
      const values = project("value_dense", "value", "value", value);
      const scores = this.addInner(
        "scores",
        new (createAttentionScores(tf))({ ...plan.scores, name: "scores" }),
        [queries, keys],
      );
      const masking = plan.isFused && dropout === 0 ? "replace" : "replaceAndZero";
      const { keyAxes } = plan;
      const Weights = createAttentionWeights(tf);
      this.addInner("softmax", new Weights({ keyAxes, masking, name: "softmax" }), scores);
      if (dropout > 0) {
        this.addInner(
          "dropout_layer",
          tf.layers.dropout({ rate: dropout, name: "dropout" }),
          scores,
        );
      }
      const heads = this.addInner(
        "context",
        new (createAttentionContext(tf))({ ...plan.context, name: "context" }),
        [scores, values],
      );
      if (gates !== null) {
        this.addInner("gating", tf.layers.multiply({ name: "gating" }), [heads, gates]);
      }
      project("output_dense", "attention_output", "output", heads);
      this.built = true;
    }

    #named<T>(inputs: readonly T[]): Record<string, T> {
      return inputsByName(this.name, inputs, this.settings.calledWith);
    }

    #shapes(shapes: tfjs.Shape | tfjs.Shape[]): Record<string, tfjs.Shape> {
      return this.#named((Array.isArray(shapes[0]) ? shapes : [shapes]) as tfjs.Shape[]);
    }

    override computeOutputShape(shapes: tfjs.Shape | tfjs.Shape[]): tfjs.Shape | tfjs.Shape[] {
      const { query, value, key = value } = this.#shapes(shapes);
      const queries = this.shapeOfInner("query_dense", query);
      const keys = this.shapeOfInner("key_dense", key);
      const gates = this.settings.useGate ? this.shapeOfInner("gate_dense", query) : null;
      const values = this.shapeOfInner("value_dense", value);
      const weights = this.shapeOfInner("softmax", this.shapeOfInner("scores", [queries, keys]));
      if (this.settings.dropout > 0) this.shapeOfInner("dropout_layer", weights);
      const heads = this.shapeOfInner("context", [weights, values]);
      if (gates !== null) this.shapeOfInner("gating", [heads, gates]);
      const output = this.shapeOfInner("output_dense", heads);
      return this.settings.returnAttentionScores ? [output, weights] : output;
    }

    /**
     * @param kwargs `masks`: the steps of each input that count, or `null`, as passed by the
     * engine.
     */
    override call(
      inputs: Tensor | Tensor[],
      { masks = [], training }: { masks?: (Tensor | null)[]; training?: boolean },
    ): Tensor | Tensor[] {
      return tf.tidy(() => {
        const list = [inputs].flat();
        const given = this.#named(list);
        const implied = this.#named(list.map((_, i) => masks[i] ?? null));
        const { query, value, key = value } = given;
        const [ofQuery, ofValue, ofKey] = MASKS.map((name) =>
          (name === "queryMask" && !this.#takesQueryMask ? null : given[name]) ??
            implied[name.replace("Mask", "")]
        );
        const { useCausalMask: causal, slidingWindow: window = null } = this.settings;
        const all = { query: ofQuery, value: ofValue, key: ofKey, attention: given.attentionMask };
        const mask = attentionMask(
          tf,
          { ...all, causal, window },
          query.shape[1]!,
          value.shape[1]!,
        );
        const run = (name: string, x: Tensor | Tensor[], more: object = {}) =>
          this.innerLayers[name].call(x, { training, ...more }) as Tensor;
        const queries = run("query_dense", query);
        const keys = run("key_dense", key);
        const gates = this.settings.useGate ? run("gate_dense", query) : null;
        const values = run("value_dense", value);
        const scores = run("scores", [queries, keys]);
        const expanded = mask && expandMask(tf, mask, scores.rank, this.#keyAxes);
        const weights = run("softmax", scores, expanded === null ? {} : { mask: expanded });
        const kept = this.settings.dropout > 0 ? run("dropout_layer", weights) : weights;
        const heads = run("context", [kept, values]);
        const output = run("output_dense", gates === null ? heads : run("gating", [heads, gates]));
        return this.settings.returnAttentionScores ? [output, weights] : output;
      });
    }

    override computeMask(_inputs: Tensor | Tensor[], masks?: Tensor | Tensor[]): Tensor | Tensor[] {
      const own = ([masks].flat()[0] ?? null) as Tensor;
      return this.settings.returnAttentionScores ? [own, null!] : own;
    }

    override getConfig() {
      const { activation: _, ...weights } = this.#parts.config;
      return {
        ...this.settings as unknown as tfjs.serialization.ConfigDict,
        ...weights,
        ...super.getConfig(),
      };
    }
  };
});
