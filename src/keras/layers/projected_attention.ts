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
} from "../../engine/keras_layer.ts";
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

const MASKS = ["queryMask", "valueMask", "keyMask"] as const;

/** Inner layer, and the inputs or other inner layers whose outputs it reads. */
type Step = readonly [key: InnerKey, ...reads: readonly (InnerKey | "query" | "key" | "value")[]];

type InnerKey =
  | `${"query" | "key" | "gate" | "value" | "output"}_dense`
  | "scores"
  | "softmax"
  | "dropout_layer"
  | "context"
  | "gating";

/** Returns the graph of the inner layers, in the order in which Keras builds and runs them. */
function stepsOf({ useGate, dropout }: { useGate: boolean; dropout: number }): Step[] {
  const steps: (Step | false)[] = [
    ["query_dense", "query"],
    ["key_dense", "key"],
    useGate && ["gate_dense", "query"],
    ["value_dense", "value"],
    ["scores", "query_dense", "key_dense"],
    ["softmax", "scores"],
    dropout > 0 && ["dropout_layer", "softmax"],
    ["context", dropout > 0 ? "dropout_layer" : "softmax", "value_dense"],
    useGate && ["gating", "context", "gate_dense"],
    ["output_dense", useGate ? "gating" : "context"],
  ];
  return steps.filter((step) => step !== false);
}

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
    readonly #steps: readonly Step[];
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
      this.#steps = stepsOf(this.settings);
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

    #make(key: InnerKey, plan: AttentionPlan): Layer {
      const { dropout } = this.settings;
      switch (key) {
        case "query_dense":
          return this.#project("query", plan.query);
        case "key_dense":
          return this.#project("key", plan.key);
        case "gate_dense":
          return this.#project("gate", plan.gate, "sigmoid");
        case "value_dense":
          return this.#project("value", plan.value);
        case "output_dense":
          return this.#project("attention_output", plan.output);
        case "scores":
          return new (createAttentionScores(tf))({ ...plan.scores, name: key });
        case "softmax": {
          const masking = plan.isFused && dropout === 0 ? "replace" : "replaceAndZero";
          return new (createAttentionWeights(tf))({ keyAxes: plan.keyAxes, masking, name: key });
        }
        case "dropout_layer":
          return tf.layers.dropout({ rate: dropout, name: "dropout" });
        case "context":
          return new (createAttentionContext(tf))({ ...plan.context, name: key });
        case "gating":
          return tf.layers.multiply({ name: key });
      }
    }

    /**
     * Goes through the inner layers.
     *
     * @param inputs Inputs of the attention by name; a key that is not given is the value.
     * @param apply Returns the output of an inner layer.
     * @returns All outputs.
     */
    #walk<T>(
      { query, value, key = value }: Record<string, T>,
      apply: (key: InnerKey, read: T | T[]) => T,
    ): Record<InnerKey, T> {
      const known: Record<string, T> = { query, value, key };
      for (const [key, ...reads] of this.#steps) {
        const read = reads.map((name) => known[name]);
        known[key] = apply(key, read.length === 1 ? read[0] : read);
      }
      return known;
    }

    #result<T>({ output_dense: output, softmax: weights }: Record<InnerKey, T>): T | T[] {
      return this.settings.returnAttentionScores ? [output, weights] : output;
    }

    override build(shapes: tfjs.Shape | tfjs.Shape[]) {
      const inputs = this.#shapes(shapes);
      const { query, value, key = value } = inputs;
      const plan = this.plan(query, value, key);
      this.#keyAxes = plan.keyAxes;
      this.#takesQueryMask = plan.takesQueryMask;
      this.#walk(inputs, (key, shape) => this.addInner(key, this.#make(key, plan), shape));
      this.built = true;
    }

    #named<T>(inputs: readonly T[]): Record<string, T> {
      return inputsByName(this.name, inputs, this.settings.calledWith);
    }

    #shapes(shapes: tfjs.Shape | tfjs.Shape[]): Record<string, tfjs.Shape> {
      return this.#named((Array.isArray(shapes[0]) ? shapes : [shapes]) as tfjs.Shape[]);
    }

    override computeOutputShape(shapes: tfjs.Shape | tfjs.Shape[]): tfjs.Shape | tfjs.Shape[] {
      const inputs = this.#shapes(shapes);
      return this.#result(this.#walk(inputs, (key, shape) => this.shapeOfInner(key, shape)));
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
        const mask = this.#maskOf(given, implied);
        return this.#result(this.#walk(given, (key, x) => {
          const expanded = key === "softmax" && mask !== null
            ? { mask: expandMask(tf, mask, (x as Tensor).rank, this.#keyAxes) }
            : {};
          return this.innerLayers[key].call(x, { training, ...expanded }) as Tensor;
        }));
      });
    }

    /** Returns the mask over queries and keys, from given masks and those that come with inputs. */
    #maskOf(given: Record<string, Tensor>, implied: Record<string, Tensor | null>): Tensor | null {
      const [query, value, key] = MASKS.map((name) =>
        (name === "queryMask" && !this.#takesQueryMask ? null : given[name]) ??
          implied[name.replace("Mask", "")]
      );
      const { useCausalMask: causal, slidingWindow: window = null } = this.settings;
      return attentionMask(
        tf,
        { query, value, key, attention: given.attentionMask, causal, window },
        given.query.shape[1]!,
        given.value.shape[1]!,
      );
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
