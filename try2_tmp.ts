import { examine } from "./src/examine/examine.ts";
import { describeTrial } from "./src/checks/describe_trial.ts";
import { renderDiagnosis } from "./src/render/render_diagnosis.ts";
import { startEngine } from "./src/engine/mod.ts";
import { exerciseModel, randomBatch } from "./src/model/mod.ts";
import { deepPatient, patient, residualPatient } from "./tests/diagnosis/patients.ts";
await using engine = await startEngine();
const { tf } = engine;
const m = exerciseModel();
const say = (t: any) => t === null ? "none" : t.verdict + " " + describeTrial(t);
for (
  const s of [
    { model: m, batch: randomBatch(m), objective: undefined },
    patient(tf, { std: 2 }),
    patient(tf, { std: .001 }),
    patient(tf, { bias: -10 }),
    patient(tf, { units: 1 }),
    patient(tf, { head: "sigmoid" }),
    patient(tf, { input: "zeros" }),
    patient(tf, { input: "bytes" }),
    patient(tf, { nan: true }),
    residualPatient(tf, 27),
    deepPatient(tf, 12, { activation: "relu", initializer: "glorotUniform" }),
    deepPatient(tf, 20, { activation: "relu", initializer: "glorotUniform" }),
    deepPatient(tf, 8, { activation: "sigmoid", initializer: "glorotUniform" }),
    patient(tf, {}),
  ]
) {
  const t0 = performance.now();
  const t = await examine(s.model as any, s.batch as any, { objective: s.objective as any });
  console.log(
    renderDiagnosis(t.diagnosis, t.measurements.layers, { width: 100, color: false }).slice(0, 2)
      .join("\n") +
      `\n  TRIAL ${say(t.trial)}\n  CURED ${say(t.curedTrial)}  ${
        (performance.now() - t0).toFixed(0)
      } ms`,
  );
}
