/*
 * Forced into the build of better-sqlite3 for a runtime that knows Node-API 9 (Electron 33).
 *
 * Node-API 10 lets napi_create_reference take a string; Node-API 9 answers napi_invalid_arg for
 * anything but an object, a function or a symbol. The add-on keeps a few strings alive that way.
 * Here a string is put into an object of its own with a type tag, the reference is made to that
 * object, and it is taken out again when the reference is read.
 */
#ifndef PARLEY_NAPI9_SHIM_H
#define PARLEY_NAPI9_SHIM_H

#include <node_api.h>
#include <stdbool.h>
#include <stdint.h>

static const napi_type_tag parley_box_tag = {0x9d3c5b1e7a42f086ULL, 0x51e8a07fc26b94d3ULL};

static inline napi_status parley_create_reference(napi_env env, napi_value value, uint32_t count, napi_ref* result) {
  napi_valuetype type;
  napi_status status = napi_typeof(env, value, &type);
  if (status != napi_ok) return status;
  if (type != napi_string) return napi_create_reference(env, value, count, result);
  napi_value box;
  status = napi_create_object(env, &box);
  if (status != napi_ok) return status;
  status = napi_type_tag_object(env, box, &parley_box_tag);
  if (status != napi_ok) return status;
  status = napi_set_element(env, box, 0, value);
  if (status != napi_ok) return status;
  return napi_create_reference(env, box, count, result);
}

static inline napi_status parley_get_reference_value(napi_env env, napi_ref ref, napi_value* result) {
  napi_status status = napi_get_reference_value(env, ref, result);
  if (status != napi_ok || *result == NULL) return status;
  napi_valuetype type;
  status = napi_typeof(env, *result, &type);
  if (status != napi_ok) return status;
  if (type != napi_object) return napi_ok;
  bool boxed = false;
  status = napi_check_object_type_tag(env, *result, &parley_box_tag, &boxed);
  if (status != napi_ok) return status;
  return boxed ? napi_get_element(env, *result, 0, result) : napi_ok;
}

#define napi_create_reference parley_create_reference
#define napi_get_reference_value parley_get_reference_value

#endif
