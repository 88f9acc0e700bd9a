! noneq.h as a Fortran module. Texts that are passed end with c_null_char. Dimensions are listed as C has them: a Fortran
! array x(64, 32, 1, n) has the shape [n, 1, 32, 64].
module noneq
  use, intrinsic :: iso_c_binding
  implicit none

  integer(c_int), parameter :: noneq_interface_version = 1
  integer(c_int), parameter :: noneq_done = 0, noneq_failed = 1, noneq_bad_input = 2, noneq_stopped = 130
  integer(c_int64_t), parameter :: noneq_float32 = 1, noneq_float64 = 2, noneq_int64 = 3

  type, bind(c) :: noneq_error
    integer(c_int64_t) :: code = 0
    character(kind=c_char) :: message(1016) = c_null_char
  end type

  type, bind(c) :: noneq_shape
    integer(c_int64_t) :: rank = 0
    integer(c_int64_t) :: length(8) = 0
  end type

  type, bind(c) :: noneq_rows
    type(c_ptr) :: name = c_null_ptr
    integer(c_int64_t) :: type = noneq_float32
    type(c_ptr) :: numbers = c_null_ptr
    type(noneq_shape) :: shape
  end type

  type, bind(c) :: noneq_request
    type(c_ptr) :: given = c_null_ptr
    integer(c_int64_t) :: given_count = 0, count = 0, first = 0
    type(c_funptr) :: keep_going = c_null_funptr
    type(c_ptr) :: user = c_null_ptr
  end type

  type, bind(c) :: noneq_description
    type(noneq_shape) :: sample
    integer(c_int64_t) :: classes = 0, first_class = 0, steps = 0, trained_steps = 0
  end type

  interface
    integer(c_int) function noneq_open(version, folder, threads, run, error) bind(c)
      import
      integer(c_int), value :: version, threads
      character(kind=c_char), intent(in) :: folder(*)
      type(c_ptr), intent(out) :: run
      type(noneq_error), intent(out) :: error
    end function
    subroutine noneq_close(run) bind(c)
      import
      type(c_ptr), value :: run
    end subroutine
    integer(c_int) function noneq_describe(run, description, error) bind(c)
      import
      type(c_ptr), value :: run
      type(noneq_description), intent(out) :: description
      type(noneq_error), intent(out) :: error
    end function
    integer(c_int) function noneq_prepare(run, task, settings, prepared, error) bind(c)
      import
      type(c_ptr), value :: run
      character(kind=c_char), intent(in) :: task(*), settings(*)
      type(c_ptr), intent(out) :: prepared
      type(noneq_error), intent(out) :: error
    end function
    subroutine noneq_release(task) bind(c)
      import
      type(c_ptr), value :: task
    end subroutine
    integer(c_int) function noneq_needed(task, tensors, error) bind(c)
      import
      type(c_ptr), value :: task
      integer(c_int64_t), intent(out) :: tensors
      type(noneq_error), intent(out) :: error
    end function
    integer(c_int) function noneq_need(task, k, name, row, error) bind(c)
      import
      type(c_ptr), value :: task
      integer(c_int64_t), value :: k
      type(c_ptr), intent(out) :: name
      type(noneq_shape), intent(out) :: row
      type(noneq_error), intent(out) :: error
    end function
    integer(c_int) function noneq_result(task, rows, shape, error) bind(c)
      import
      type(c_ptr), value :: task
      integer(c_int64_t), value :: rows
      type(noneq_shape), intent(out) :: shape
      type(noneq_error), intent(out) :: error
    end function
    integer(c_int) function noneq_compute(task, request, type, result, numbers, error) bind(c)
      import
      type(c_ptr), value :: task
      type(noneq_request), intent(in) :: request
      integer(c_int64_t), value :: type, numbers
      type(c_ptr), value :: result
      type(noneq_error), intent(out) :: error
    end function
  end interface
end module
