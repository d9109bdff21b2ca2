import { runChecks } from "./src/checks/mod.ts";
import { diagnose } from "./src/diagnosis/diagnose.ts";
import { tryCures } from "./src/examine/try_cures.ts";
import { renderDiagnosis } from "./src/render/render_diagnosis.ts";
import { startEngine } from "./src/engine/mod.ts";
import { measure } from "./src/measure/mod.ts";
import { exerciseModel, randomBatch } from "./src/model/mod.ts";
import { deepPatient, patient, residualPatient } from "./tests/diagnosis/patients.ts";
await using engine = await startEngine();
const { tf } = engine;
const m = exerciseModel();
for (const s of [{ model: m, batch: randomBatch(m), objective: undefined }, patient(tf, { std: 2 }), patient(tf, { bias: -10 }), patient(tf, { units: 1 }), patient(tf, { input: "zeros" }), patient(tf, {nan: true}), residualPatient(tf, 27), patient(tf, {})]) {
  const x = await measure(s.model, s.batch, { objective: s.objective as any });
  const t = await tryCures(tf, s as any, { measurements: x, diagnosis: diagnose(x, runChecks(x)) }, (s) => measure(s.model, s.batch, { objective: s.objective }));
  console.log(renderDiagnosis(t.diagnosis, x.layers, { width: 80, color: false }).join("\n") + "\n");
}
