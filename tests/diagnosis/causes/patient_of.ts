import type { Patient } from "../../../src/diagnosis/diagnosis.ts";
import type { Measurements } from "../../../src/measure/measurements.ts";
import type { Finding } from "../../../src/rules/finding.ts";
import { networkOf } from "../../../src/rules/network/network.ts";

/** Returns the input of a search for causes: measurements, and what rules found in them. */
export function patientOf(measurements: Measurements, findings: Finding[] = []): Patient {
  return { measurements, network: networkOf(measurements), findings };
}
