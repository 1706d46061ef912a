"use strict";

// Select2 draws its own control in place of a select, and gives it no name: it gets the select's.
{
  const nameOf = (select) =>
    select.getAttribute("aria-label") ?? select.labels[0]?.textContent.trim().replace(/:$/, "");

  const nameControls = () => {
    for (const select of document.querySelectorAll("select.select2-hidden-accessible")) {
      const name = nameOf(select);
      const control = select.nextElementSibling.querySelector(".select2-selection");
      const chosen = [...select.selectedOptions].map((option) => option.text).filter(Boolean);
      control.removeAttribute("aria-labelledby");
      control.setAttribute("aria-label", [name, ...chosen].join(", "));
      for (const part of control.querySelectorAll("[role=textbox], [role=searchbox]")) {
        part.setAttribute("aria-label", name);
      }
    }
  };

  const $ = window.django?.jQuery;
  if ($) {
    $(nameControls);
    $(document).on("change", "select", nameControls);
    document.addEventListener("formset:added", nameControls);
  }
}
