import type { ReactNode } from "react";
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from "react-aria-components";

import { IconButton } from "./Button";
import { X } from "./icons";

/** A dialog over the page. Focus is held and given back; Esc and a press outside close it unless `hold`. */
export function Dialog({ title, close, closeWords, size, hold = false, role = "dialog", children }: { title: string; close: () => void; closeWords: string; size?: "wide" | "narrow"; hold?: boolean; role?: "dialog" | "alertdialog"; children: ReactNode }) {
  return (
    <ModalOverlay className="veil" isOpen isDismissable={!hold} isKeyboardDismissDisabled={hold} onOpenChange={(open) => { if (!open) close(); }}>
      <Modal className={["dialog-box", size].filter(Boolean).join(" ")}>
        <AriaDialog className="dialog" role={role}>
          <header>
            <Heading slot="title" level={2}>{title}</Heading>
            {!hold && <IconButton label={closeWords} onClick={close}><X /></IconButton>}
          </header>
          <div className="dialog-body">{children}</div>
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}
