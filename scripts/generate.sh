#!/usr/bin/env bash
# Writes every file again that is made of others here; tests compare them. (The templates: make arm.)
# shellcheck source=tools.sh
source "$(dirname "${BASH_SOURCE[0]}")/tools.sh"
for tool in rust python helm alerts; do "tools_$tool"; done
PATH=$root/.tools/venv/bin:$PATH
export FREEHOLD_BLESS=1
# In this order: what is rendered follows from the chart's own files, and one of these from the alerts.
# One by one: nextest fails where there is no test of that name.
for test in docs::the_reference_and_the_annotated_file_are_those_of_the_program \
  tidy::the_module_map_in_the_architecture_page_is_current \
  api::document::the_kept_document_is_the_one_that_is_answered \
  data::the_page_about_data_is_what_the_declaration_says \
  security::the_page_is_current \
  telemetry::pages::the_page_of_the_metrics_is_the_table \
  telemetry::alerts::the_rules_for_prometheus_and_for_azure_are_those_of_the_one_source \
  deploy::helm::values::the_schema_of_the_values_is_made_from_their_comments \
  deploy::helm::values::the_list_of_keys_that_the_chart_needs_is_that_of_the_values \
  deploy::helm::values::the_table_of_the_values_is_made_from_their_comments \
  deploy::helm::tools::promtool_takes_the_alerts \
  deploy::helm::renders::every_value_set_renders_as_it_did_with_both_majors_of_helm; do
  cargo nextest run --locked --cargo-quiet --status-level none --final-status-level fail -E "test(=$test)"
done
git diff --stat
