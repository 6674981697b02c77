/** Which page stands: the entrance, the gate, or the house. */
import { Component, lazy, Suspense, useEffect, useState } from "react";
import type { ReactNode } from "react";
import { I18nProvider } from "react-aria-components";
import type { Client } from "@sdk";

import { Button } from "../ui/Button";
import { Toasts } from "../ui/Toasts";
import { Empty, Waiting } from "../ui/Waiting";
import { ClientProvider, useClient, useReadable } from "./client";
import { locale, setLanguage, t, useLanguage } from "./i18n";
import { navigate, useRoute } from "./router";
import { Shell } from "./shell/Shell";

const SetupPage = lazy(() => import("./entrance/Setup").then((page) => ({ default: page.SetupPage })));
const InvitePage = lazy(() => import("./entrance/links").then((page) => ({ default: page.InvitePage })));
const ResetPage = lazy(() => import("./entrance/links").then((page) => ({ default: page.ResetPage })));
const SignInPage = lazy(() => import("./entrance/SignIn").then((page) => ({ default: page.SignInPage })));
const NotReadyPage = lazy(() => import("./entrance/SignIn").then((page) => ({ default: page.NotReadyPage })));
const Gate = lazy(() => import("./entrance/Gate").then((page) => ({ default: page.Gate })));

/** A page that broke says what is safe and what to do. */
class Fence extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };
  static getDerivedStateFromError() {
    return { broken: true };
  }
  override render() {
    if (!this.state.broken) return this.props.children;
    return <main><Empty page level={1} title={t("fault.title")} acts={<Button kind="go" onClick={() => location.reload()}>{t("fault.act")}</Button>}>{t("fault.words")}</Empty></main>;
  }
}

function Pages() {
  const client = useClient();
  const session = useReadable(client.session);
  const route = useRoute();
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const signedIn = session.status === "signed_in";
  const language = session.status === "signed_in" ? session.me.language : null;
  // The account's language rules once one is in; before that, the browser's.
  useEffect(() => { if (language) setLanguage(language); }, [language]);
  useEffect(() => { if (signedIn && route.name === "signin") navigate("/", { replace: true }); }, [signedIn, route.name]);

  if (session.status === "unknown") return <Waiting words={t("wait.page")} />;
  if (route.name === "setup" && (session.status !== "signed_out")) return <SetupPage secret={route.secret} />;
  if (route.name === "invite" && session.status !== "setup") return <InvitePage secret={route.secret} />;
  if (route.name === "reset" && session.status !== "setup") return <ResetPage secret={route.secret} />;
  if (session.status === "setup") return <NotReadyPage server={session.server} />;
  if (session.status === "signed_out") return <SignInPage server={session.server} reason={session.reason} />;
  if (session.me.must.length > 0 || codes) return <Gate codes={codes} keep={setCodes} />;
  return <Shell route={route} />;
}

function Spoken() {
  const language = useLanguage();
  return (
    <I18nProvider locale={locale()} key={language}>
      <Fence>
        <Suspense fallback={<Waiting words={t("wait.page")} />}><Pages /></Suspense>
        <Toasts />
      </Fence>
    </I18nProvider>
  );
}

export function App({ client }: { client: Client }) {
  return <ClientProvider value={client}><Spoken /></ClientProvider>;
}
