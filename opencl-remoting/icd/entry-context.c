/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts, queues and events. */
#include "call.h"
#include "entry.h"
#include "lists.h"
#include "notes.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* The program's functions as they are kept in a callback: pointers to functions and to data are of one size here. */
static void *keep(void (*function)(void)) {
	void *p;
	memcpy(&p, &function, sizeof(p));
	return p;
}

#define KEEP(function) keep((void (*)(void))(function))

static void no_run(struct vc_callback *callback, cl_int status) {
	(void)callback;
	(void)status;
}

/* Properties cross as numbers: the platform's handle becomes its number. Returns a copy, or NULL without properties. */
static cl_context_properties *number_properties(const cl_context_properties *properties, cl_int *err) {
	size_t n = vc_list_long(properties);
	cl_context_properties *copy = n > 0 ? malloc(n * sizeof(*copy)) : NULL;
	*err = n > 0 && !copy ? CL_OUT_OF_HOST_MEMORY : CL_SUCCESS;
	if (!copy)
		return NULL;
	memcpy(copy, properties, n * sizeof(*copy));
	for (size_t i = 0; copy[i] != 0; i += 2)
		if (copy[i] == CL_CONTEXT_PLATFORM) {
			void *handle = (void *)copy[i + 1];
			copy[i + 1] =
				vc_object_is(handle, VC_CL_PLATFORM) ? (cl_context_properties)VC_OBJECT(handle)->id : 0;
		}
	return copy;
}

typedef void(CL_CALLBACK *context_notify)(const char *, const void *, size_t, void *);

static uint64_t book_notify(context_notify notify, void *data) {
	const struct vc_callback callback = {.run = no_run, .function = KEEP(notify), .data = data, .stays = true};
	return notify ? vc_notes_add(&callback) : 0;
}

/* What both ways to make a context end with. */
static cl_context finish_context(cl_context context, const cl_context_properties *properties, uint64_t notify,
				 cl_uint in_place) {
	if (!context) {
		vc_notes_drop(notify);
		return NULL;
	}
	struct vc_object *o = VC_OBJECT(context);
	size_t n = vc_list_long(properties);
	/* For tests of the other way on a machine that has only a CPU. */
	o->context.in_place = in_place != 0 && !getenv("VCOCKPIT_CL_STAGED");
	o->context.notify = notify;
	o->context.properties = n > 0 ? malloc(n * sizeof(*properties)) : NULL;
	if (o->context.properties) {
		memcpy(o->context.properties, properties, n * sizeof(*properties));
		o->context.nproperties = n;
	}
	return context;
}

static cl_context refuse(cl_int error, cl_int *errcode_ret) {
	if (errcode_ret)
		*errcode_ret = error;
	return NULL;
}

cl_context CL_API_CALL vc_entry_clCreateContext(const cl_context_properties *properties, cl_uint num_devices,
						const cl_device_id *devices, context_notify notify, void *user_data,
						cl_int *errcode_ret) {
	if (num_devices == 0 || !devices || (!notify && user_data))
		return refuse(CL_INVALID_VALUE, errcode_ret);
	cl_int err;
	cl_uint in_place = 0;
	cl_context_properties *numbers = number_properties(properties, &err);
	if (err != CL_SUCCESS)
		return refuse(err, errcode_ret);
	uint64_t cookie = book_notify(notify, user_data);
	cl_context context = vc_call_clCreateContext(numbers, num_devices, devices, cookie, &in_place, errcode_ret);
	free(numbers);
	return finish_context(context, properties, cookie, in_place);
}

cl_context CL_API_CALL vc_entry_clCreateContextFromType(const cl_context_properties *properties,
							cl_device_type device_type, context_notify notify,
							void *user_data, cl_int *errcode_ret) {
	if (!notify && user_data)
		return refuse(CL_INVALID_VALUE, errcode_ret);
	cl_int err;
	cl_uint in_place = 0;
	cl_context_properties *numbers = number_properties(properties, &err);
	if (err != CL_SUCCESS)
		return refuse(err, errcode_ret);
	uint64_t cookie = book_notify(notify, user_data);
	cl_context context = vc_call_clCreateContextFromType(numbers, device_type, cookie, &in_place, errcode_ret);
	free(numbers);
	return finish_context(context, properties, cookie, in_place);
}

bool vc_context_in_place(struct vc_object *object) {
	struct vc_object *context = vc_object_context(object);
	return context && context->context.in_place;
}

static void run_context_destroyed(struct vc_callback *callback, cl_int status) {
	(void)status;
	void(CL_CALLBACK * function)(cl_context, void *);
	memcpy(&function, &callback->function, sizeof(function));
	function(callback->more, callback->data);
}

cl_int CL_API_CALL vc_entry_clSetContextDestructorCallback(cl_context context,
							   void(CL_CALLBACK *notify)(cl_context, void *),
							   void *user_data) {
	if (!vc_object_is(context, VC_CL_CONTEXT))
		return CL_INVALID_CONTEXT;
	if (!notify)
		return CL_INVALID_VALUE;
	const struct vc_callback callback = {
		.run = run_context_destroyed, .function = KEEP(notify), .data = user_data, .more = context};
	uint64_t cookie = vc_notes_add(&callback);
	cl_int err = cookie ? vc_call_clSetContextDestructorCallback(context, cookie) : CL_OUT_OF_HOST_MEMORY;
	if (err != CL_SUCCESS)
		vc_notes_drop(cookie);
	return err;
}

/* Queues. */

static cl_command_queue finish_queue(cl_command_queue queue, cl_device_id device,
				     cl_command_queue_properties properties) {
	if (!queue)
		return NULL;
	VC_OBJECT(queue)->queue.in_order = !(properties & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
	/* Recursive: a long transfer holds it over commands of its own. */
	pthread_mutexattr_t recursive;
	pthread_mutexattr_init(&recursive);
	pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&VC_OBJECT(queue)->queue.order, &recursive);
	pthread_mutexattr_destroy(&recursive);
	VC_OBJECT(queue)->queue.device = VC_OBJECT(device);
	vc_object_use(VC_OBJECT(device));
	return queue;
}

cl_command_queue CL_API_CALL vc_entry_clCreateCommandQueue(cl_context context, cl_device_id device,
							   cl_command_queue_properties properties,
							   cl_int *errcode_ret) {
	return finish_queue(vc_call_clCreateCommandQueue(context, device, properties, errcode_ret), device, properties);
}

cl_command_queue CL_API_CALL vc_entry_clCreateCommandQueueWithProperties(cl_context context, cl_device_id device,
									 const cl_queue_properties *properties,
									 cl_int *errcode_ret) {
	cl_command_queue_properties bits = 0;
	for (const cl_queue_properties *p = properties; p && *p; p += 2)
		if (p[0] == CL_QUEUE_PROPERTIES)
			bits = p[1];
	return finish_queue(vc_call_clCreateCommandQueueWithProperties(context, device, properties, errcode_ret),
			    device, bits);
}

/* All commands up to @sequence are done. */
static void mark_finished(struct vc_object *queue, uint64_t sequence) {
	uint64_t finished = atomic_load(&queue->queue.finished);
	while (finished < sequence && !atomic_compare_exchange_weak(&queue->queue.finished, &finished, sequence)) {
	}
}

cl_int vc_queue_mark(cl_command_queue queue, cl_command_type type, cl_uint count, const cl_event *list,
		     cl_event *event) {
	cl_int err = vc_call_clEnqueueMarkerWithWaitList(queue, count, list, event);
	if (err == CL_SUCCESS && event)
		VC_OBJECT(*event)->event.type = type;
	return err;
}

cl_int vc_queue_drain(struct vc_object *queue) {
	/* Under the lock all that is counted is sent, so the worker finishes it too. */
	pthread_mutex_lock(&queue->queue.order);
	uint64_t sequence = atomic_load(&queue->queue.enqueued);
	pthread_mutex_unlock(&queue->queue.order);
	cl_int err = vc_call_clFinish((cl_command_queue)(void *)queue);
	if (err == CL_SUCCESS)
		mark_finished(queue, sequence);
	return err;
}

void vc_queue_passed(struct vc_object *queue, uint64_t before) {
	if (!queue->queue.in_order)
		return;
	mark_finished(queue, before);
	/* If nobody else has enqueued meanwhile, the next one was the caller's. */
	if (atomic_load(&queue->queue.enqueued) == before + 1)
		mark_finished(queue, before + 1);
}

bool vc_queue_copy_begin(struct vc_object *queue) {
	if (!queue->queue.in_order)
		return true;
	pthread_mutex_lock(&queue->queue.order);
	if (atomic_load(&queue->queue.enqueued) == atomic_load(&queue->queue.finished))
		return true;
	pthread_mutex_unlock(&queue->queue.order);
	return false;
}

void vc_queue_copy_end(struct vc_object *queue) {
	if (queue->queue.in_order)
		pthread_mutex_unlock(&queue->queue.order);
}

cl_int CL_API_CALL vc_entry_clFinish(cl_command_queue queue) {
	if (!vc_object_is(queue, VC_CL_QUEUE))
		return CL_INVALID_COMMAND_QUEUE;
	struct vc_object *o = VC_OBJECT(queue);
	struct vc_link *link = vc_call_link_alive();
	/* Nothing is under way, and we know. */
	if (link && link->epoch == o->epoch && o->queue.in_order &&
	    atomic_load(&o->queue.enqueued) == atomic_load(&o->queue.finished)) {
		atomic_fetch_add_explicit(&link->channel->counters.local, 1, memory_order_relaxed);
		return CL_SUCCESS;
	}
	return vc_queue_drain(o);
}

/* Events. */

static bool is_done(const struct vc_object *event) {
	return atomic_load(&event->event.status) == CL_COMPLETE;
}

static void mark_done(struct vc_object *event) {
	atomic_store(&event->event.status, CL_COMPLETE);
	struct vc_object *queue = event->parent;
	if (queue && atomic_load(&queue->kind) == VC_CL_QUEUE && queue->queue.in_order)
		mark_finished(queue, event->event.sequence);
}

cl_int vc_events_wait(cl_uint count, const cl_event *events) {
	cl_uint done = 0;
	for (cl_uint i = 0; i < count; i++)
		done += vc_object_is(events[i], VC_CL_EVENT) && is_done(VC_OBJECT(events[i]));
	if (count > 0 && done == count)
		return CL_SUCCESS;
	cl_int err = vc_call_clWaitForEvents(count, events);
	for (cl_uint i = 0; err == CL_SUCCESS && i < count; i++)
		mark_done(VC_OBJECT(events[i]));
	return err;
}

cl_int CL_API_CALL vc_entry_clWaitForEvents(cl_uint num_events, const cl_event *event_list) {
	if (num_events == 0 || !event_list)
		return CL_INVALID_VALUE;
	struct vc_object *context = NULL;
	for (cl_uint i = 0; i < num_events; i++) {
		if (!vc_object_is(event_list[i], VC_CL_EVENT))
			return CL_INVALID_EVENT;
		struct vc_object *its = vc_object_context(VC_OBJECT(event_list[i]));
		if (context && its != context)
			return CL_INVALID_CONTEXT;
		context = its;
	}
	return vc_events_wait(num_events, event_list);
}

cl_int CL_API_CALL vc_entry_clGetEventInfo(cl_event event, cl_event_info param_name, size_t param_value_size,
					   void *param_value, size_t *param_value_size_ret) {
	cl_int err = vc_call_clGetEventInfo(event, param_name, param_value_size, param_value, param_value_size_ret);
	/* A status that won't change again is remembered. */
	if (err == CL_SUCCESS && param_name == CL_EVENT_COMMAND_EXECUTION_STATUS && param_value) {
		cl_int status = *(const cl_int *)param_value;
		if (status == CL_COMPLETE)
			mark_done(VC_OBJECT(event));
		else if (status < CL_COMPLETE)
			atomic_store(&VC_OBJECT(event)->event.status, status);
	}
	return err;
}

void vc_event_stands_for(cl_event event, cl_event first, cl_event last) {
	struct vc_object *o = VC_OBJECT(event);
	vc_entry_clRetainEvent(first);
	vc_entry_clRetainEvent(last);
	o->event.first = first;
	o->event.last = last;
}

void vc_event_finish(struct vc_object *event) {
	if (event->event.first) {
		vc_entry_clReleaseEvent(event->event.first);
		vc_entry_clReleaseEvent(event->event.last);
	}
}

cl_int CL_API_CALL vc_entry_clGetEventProfilingInfo(cl_event event, cl_profiling_info param_name, size_t size,
						    void *value, size_t *size_ret) {
	const struct vc_object *o = vc_object_is(event, VC_CL_EVENT) ? VC_OBJECT(event) : NULL;
	if (o && o->event.first) {
		cl_int status = CL_QUEUED;
		cl_int err = vc_entry_clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof(status), &status,
						     NULL);
		if (err != CL_SUCCESS || status != CL_COMPLETE)
			return err != CL_SUCCESS ? err : CL_PROFILING_INFO_NOT_AVAILABLE;
		bool end = param_name == CL_PROFILING_COMMAND_END || param_name == CL_PROFILING_COMMAND_COMPLETE;
		event = end ? o->event.last : o->event.first;
	}
	return vc_call_clGetEventProfilingInfo(event, param_name, size, value, size_ret);
}

static void run_event(struct vc_callback *callback, cl_int status) {
	void(CL_CALLBACK * function)(cl_event, cl_int, void *);
	memcpy(&function, &callback->function, sizeof(function));
	function((cl_event)(void *)callback->object, status, callback->data);
}

cl_int CL_API_CALL vc_entry_clSetEventCallback(cl_event event, cl_int type,
					       void(CL_CALLBACK *notify)(cl_event, cl_int, void *), void *user_data) {
	if (!vc_object_is(event, VC_CL_EVENT))
		return CL_INVALID_EVENT;
	if (!notify || (type != CL_SUBMITTED && type != CL_RUNNING && type != CL_COMPLETE))
		return CL_INVALID_VALUE;
	const struct vc_callback callback = {.run = run_event,
					     .function = KEEP(notify),
					     .data = user_data,
					     .object = VC_OBJECT(event),
					     .always = true};
	uint64_t cookie = vc_notes_add(&callback);
	cl_int err = cookie ? vc_call_clSetEventCallback(event, type, cookie) : CL_OUT_OF_HOST_MEMORY;
	if (err != CL_SUCCESS)
		vc_notes_drop(cookie);
	return err;
}

/* The first version's synchronisation commands, in today's words (section "deprecated" of the 1.1 specification). */

cl_int CL_API_CALL vc_entry_clEnqueueMarker(cl_command_queue queue, cl_event *event) {
	return event ? vc_call_clEnqueueMarkerWithWaitList(queue, 0, NULL, event) : CL_INVALID_VALUE;
}

cl_int CL_API_CALL vc_entry_clEnqueueWaitForEvents(cl_command_queue queue, cl_uint num_events, const cl_event *list) {
	if (!vc_object_is(queue, VC_CL_QUEUE))
		return CL_INVALID_COMMAND_QUEUE;
	if (num_events == 0 || !list)
		return CL_INVALID_VALUE;
	for (cl_uint i = 0; i < num_events; i++)
		if (!vc_object_is(list[i], VC_CL_EVENT))
			return CL_INVALID_EVENT;
	return vc_call_clEnqueueBarrierWithWaitList(queue, num_events, list, NULL);
}

cl_int CL_API_CALL vc_entry_clEnqueueBarrier(cl_command_queue queue) {
	return vc_call_clEnqueueBarrierWithWaitList(queue, 0, NULL, NULL);
}

/* A function of the program's can't run in another process; devices don't announce CL_EXEC_NATIVE_KERNEL. */
cl_int CL_API_CALL vc_entry_clEnqueueNativeKernel(cl_command_queue queue, void(CL_CALLBACK *user_func)(void *),
						  void *args, size_t cb_args, cl_uint num_mem_objects,
						  const cl_mem *mem_list, const void **args_mem_loc, cl_uint num_events,
						  const cl_event *list, cl_event *event) {
	(void)args, (void)cb_args, (void)num_mem_objects, (void)mem_list, (void)args_mem_loc, (void)num_events,
		(void)list, (void)event;
	if (!vc_object_is(queue, VC_CL_QUEUE))
		return CL_INVALID_COMMAND_QUEUE;
	return user_func ? CL_INVALID_OPERATION : CL_INVALID_VALUE;
}
