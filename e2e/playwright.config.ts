import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: "journeys",
  outputDir: "test-results",
  // Two cores carry a server, a browser and this program for each journey.
  workers: 2,
  fullyParallel: true,
  forbidOnly: true,
  retries: 0,
  timeout: 120_000,
  expect: { timeout: 10_000 },
  reporter: [["list"]],
  projects: [
    { name: "journeys", testIgnore: /long-timeline/ },
    // What measures time runs by itself.
    { name: "measured", testMatch: /long-timeline/, dependencies: ["journeys"] },
  ],
  use: {
    actionTimeout: 15_000,
    navigationTimeout: 20_000,
    screenshot: "only-on-failure",
    trace: "off",
  },
});
