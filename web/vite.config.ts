import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const server = process.env.REMPART_DEV_SERVER ?? "https://localhost:8443";

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@sdk": fileURLToPath(new URL("./sdk/src/index.ts", import.meta.url)) } },
  build: {
    target: "es2022",
    outDir: "dist",
    assetsDir: "assets",
    manifest: true,
    // The page's policy allows neither inline scripts nor data: addresses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    cssCodeSplit: true,
    sourcemap: false,
  },
  worker: { format: "es" },
  server: { proxy: { "/api": { target: server, secure: false, ws: true, changeOrigin: true } } },
  test: {
    environment: "node",
    include: ["sdk/**/*.test.ts", "app/**/*.test.{ts,tsx}", "ui/**/*.test.{ts,tsx}"],
    pool: "threads",
    maxWorkers: 2,
  },
});
