import type { LayersModel, TensorFlow } from "../../src/engine/tensorflow.ts";
import type { Measurements } from "../../src/core/measure/measurements.ts";
import type { Batch } from "../../src/core/model/batches/batch.ts";
import { GATE_RULES, PRESETS } from "../../src/gate/gate_rules.ts";
import { resolveConfiguration } from "../../src/gate/resolve_configuration.ts";
import { updateBaseline } from "../../src/gate/write_baseline.ts";
import { summarizeStudy } from "../../src/study/study.ts";
import { diagnose } from "../../src/core/diagnosis/diagnose.ts";
import { deadUnits } from "../../src/core/rules/signal/dead_units.ts";
import type { Fix } from "../../src/core/diagnosis/fix.ts";
import { gateResult, gateRun, someFindings } from "../gate/text/sample_gate.ts";
import { makeHeader, makePoints } from "../networks/studies.ts";

/** Material for the arguments of a case. */
export interface Material {
  tf: TensorFlow;
  model: LayersModel;
  batch: Batch;
  measurements: Measurements;
  /** A folder that files may be written to. */
  folder: string;
}

/** Arguments that each public function takes, by its name; an assertion over measurements is left out. */
export function validArguments(
  { tf, model, batch, measurements, folder }: Material,
): Record<string, unknown[]> {
  const findings = someFindings;
  const runs = [gateRun(findings)];
  const result = gateResult(runs);
  const locate = () => ({ file: "net.ts", line: 1 });
  const settings = resolveConfiguration({});
  const baseline = updateBaseline({}, [{ model: "net", seed: 0, measurements }]);
  const context = { today: "2026-01-01", complete: new Set<string>(), all: true, skipped: 0 };
  const header = makeHeader({ scales: [1, 2], seeds: 2 });
  const study = { ...header, points: makePoints(header) };
  const summary = summarizeStudy(study);
  const mse = { objective: "meanSquaredError" };
  const layers = [{ activation: "tanh", weightVariance: 1, width: 8 }];
  const tool = { version: "1", rules: GATE_RULES };
  const probe = [model, batch, mse];
  const fix: Fix = {
    kind: "rescale",
    weights: [{ layer: "dense_1", weight: "dense_1/kernel", factor: 1 }],
    initializer: null,
  };
  const tensor = { name: "w", shape: [2, 2], type: "float32", read: () => new Float32Array(4) };
  const weights = { path: "net.safetensors", format: "safetensors", tensors: [tensor], notes: [] };
  const subject = ({ tf }: { tf: TensorFlow }) =>
    tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2] })] });
  return {
    chooseThreads: [1000],
    heapView: [tf, [batch.inputs].flat()[0]],
    startEngine: [{ threads: 1 }],
    installOps: [tf, { relaxedSimd: false }],
    installLayerRepairs: [tf],
    unmeasurableReason: [model.layers[0]],
    exerciseModel: [{ width: 2, depth: 1 }],
    getWeights: [model],
    leafLayers: [model],
    loadModel: [`${folder}/net.json`, { seed: 1 }],
    modelWeights: [model],
    randomBatch: [model, { examples: 8, seed: 1, ...mse }],
    randomTargets: [model, mse.objective, { examples: 8, seed: 1 }],
    readBatch: [`${folder}/batch.json`, model, mse],
    rescaleWeights: [model, 1, { layers: ["dense_1"], kernelsOnly: true }],
    saveModel: [model, `${folder}/saved`, { like: `${folder}/net.json` }],
    kerasLayers: [tf],
    applyFixes: [model, [fix]],
    fixCode: [fix],
    describeFix: [fix, measurements.layers],
    diagnose: [measurements, findings],
    examine: [model, batch, { ...mse, trial: 1 }],
    tryTraining: [model, batch, { ...mse, steps: 1 }],
    assertHealthy: [measurements, { trained: false }, "msg"],
    assertRule: [deadUnits, measurements, { deadFraction: 0.5 }, "msg"],
    assertTargetNormalized: [measurements, { targetDrowned: 30 }, "msg"],
    assertHalfPrecision: [measurements, { halfUnder: 0.5 }, "msg"],
    "healthMatchers.toBeHealthy": [measurements, { trained: false }, "msg"],
    "healthMatchers.toHaveNormalizedTargets": [measurements, { targetScale: 1 }, "msg"],
    "healthMatchers.toMatchBaseline": [measurements, measurements, {}, "msg"],
    say: [["a ", ""], "b"],
    counted: [2, "layer"],
    atMost: [1, { unit: "z" }],
    between: [0, 1],
    exactly: [0, { unit: "z" }],
    inWords: ["softmax"],
    weightName: ["dense_1/kernel", "dense_1"],
    layerNames: [["dense_1"], measurements.layers],
    depthScale: ["tanh", 1, { biasVariance: 0.05 }],
    forwardSlope: ["tanh", 1],
    layersToGrow: [1.1, 10],
    widthSpread: [[8, 8], "relu"],
    halfPrecisionFit: [
      { zeros: 0, nonFinite: 0, under: 0, from: -25, counts: [8, 0, 8], over: 0 },
    ],
    activationTraits: ["relu"],
    isSigmoid: ["sigmoid"],
    layerTraits: ["Dense"],
    readWeights: [`${folder}/weights.safetensors`],
    measureWeights: [weights],
    isWeightFix: [{ kind: "rebuild", what: "Use fewer layers." }],
    setWeights: [model, { "dense_1/bias": [0, 0] }],
    activations: [model, batch, { of: ["Dense"], batchNormalization: "inference" }],
    gradients: [model, batch, { of: "Dense/kernel", ...mse }],
    statistics: [[batch.inputs].flat()[0]],
    measure: [model, batch, { ...mse, seed: 1, penalties: true }],
    applySuppressions: [runs, [{ rule: "dead-units", layer: "*", reason: "known" }], context],
    count: [findings],
    decide: [runs, settings, context],
    findBaseline: [baseline, measurements, { name: "net", seed: 0, names: ["net"] }],
    findConfiguration: [folder, () => {}],
    formatBaseline: [baseline],
    judgeRun: [measurements, settings.rules, { baseline: null, trained: false }],
    openConfiguration: [`${folder}/gradient-health.json`],
    parseBaseline: ['{ "version": 1, "models": {} }', "baseline.json"],
    readBaseline: [`${folder}/baseline.json`],
    readConfiguration: [{ file: "a.json", text: '{ "extends": "strict" }', key: null }],
    resolveConfiguration: [{ extends: "init", rules: PRESETS.init.levels }, {
      file: null,
      locate: (a: string) => a,
    }],
    updateBaseline: [baseline, [{ model: "net", seed: 0, measurements }], { names: ["net"] }],
    writeBaseline: [`${folder}/baseline.json`, () => baseline],
    probeBatchIndependence: probe,
    probeCausality: probe,
    probeGradients: probe,
    probeInputDependence: probe,
    probeLoss: probe,
    probeOverfit: [model, batch, { ...mse, steps: 1, targetLoss: 0 }],
    probeStep: probe,
    assertBatchIndependence: [model, batch, {}, "msg"],
    assertCausal: [model, batch, {}, "msg"],
    assertDependsOnInput: [model, batch, {}, "msg"],
    assertGradientsMatchNumeric: [...probe, "msg"],
    assertLossReduction: [...probe, "msg"],
    assertOverfitsBatch: [model, batch, { ...mse, steps: 1 }, "msg"],
    assertUpdateRatio: [...probe, "msg"],
    assertWeightsChange: [...probe, "msg"],
    assertWeightsFrozen: [...probe, "msg"],
    assertMatchesBaseline: [measurements, measurements, {}, "msg"],
    acrossSeeds: [subject, () => {}, { seeds: 1, passRate: 1, msg: "msg" }],
    healthMonitor: [{ batch, every: 10 }],
    judgeRule: [GATE_RULES[0], measurements, {}],
    runRules: [measurements, { trained: false }],
    matchesBaseline: [measurements],
    compareMeasurements: [measurements, measurements],
    activationSpread: [layers, 1],
    criticalGain: ["tanh"],
    criticalWeightVariance: ["tanh", 0.05],
    fans: [[3, 4], "Dense"],
    gain: ["relu"],
    gaussianMean: [(z: number) => z, 1, [0]],
    initializerStd: ["he", { fanIn: 3, fanOut: 4 }, 1],
    leakyRelu: [0.1],
    meanField: [layers, 1],
    reluOffFractions: [2, 8, 0.5],
    wilsonInterval: [1, 2],
    barChart: [[{ label: "a", value: 1 }], { width: 40 }],
    cutMiddle: ["a_long_name_of_a_layer", 9, ".."],
    formatNumber: [1.5],
    layerRange: [["dense_1", "dense_2"], { order: ["dense_1"], max: 3 }],
    parseReport: ["{}"],
    renderGateJson: [result],
    renderGateText: [result, { width: 60 }],
    renderGithub: [result, locate],
    renderJson: [measurements, findings],
    renderJunit: [result],
    renderMarkdown: [result, { maxBytes: 1000 }],
    renderSarif: [result, locate, tool],
    renderGatePage: [result],
    renderReportPage: [
      { measurements, findings, diagnosis: diagnose(measurements, findings) },
      { scale: "log" },
    ],
    renderHistoryPage: [[{
      step: 0,
      epoch: 0,
      measurements,
      findings,
      progress: [],
      cause: null,
      milliseconds: 1,
    }]],
    renderStudy: [summary, { width: 60 }],
    renderStudyJson: [study],
    renderStudyMarkdown: [summary],
    renderStudyPage: [summary],
    renderStudySummary: [summary],
    renderText: [measurements, findings, { width: 60 }],
    mergeStudyFiles: [[{ path: "a.json", header, points: async function* () {} }]],
    quartiles: [[1, 2, 3]],
    readStudyFile: [`${folder}/study.json`],
    resolveGrid: [{ scales: [1], seeds: 1 }],
    runStudy: [subject, { scales: [1] }, { examples: 4 }],
    shardRange: [header.grid, { index: 1, count: 2 }],
    study: [subject, { scales: [1] }, { examples: 4 }],
    summarizeStudy: [study],
    "StudyWriter.create": [`${folder}/written.json`, header, { whole: true }],
  };
}
